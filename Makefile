# Every target is a thin call: tools/setup.py says in plain words what is missing and does the work.
# HOST, PORT and every CHATAPP_ setting may stand behind the target: `make run PORT=4000`.

PYTHON ?= python3

.PHONY: run up restart build test check bench backup restore clean lock

run up restart build test check bench backup restore clean lock:
	@$(PYTHON) tools/setup.py $@ $(ARGS)
