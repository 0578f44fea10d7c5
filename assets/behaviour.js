// What only the browser can do: the clipboard, the draft, the keys of the composer.
// It is served as it is; everything else on the pages is compiled from Python.
(() => {
  const draftOf = () => `draft:${location.pathname}`;

  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  const writeClipboard = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Pages on plain http have no clipboard API.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  const copy = async (button, text) => {
    await writeClipboard(text);
    button.dataset.copied = "";
    setTimeout(() => delete button.dataset.copied, 1500);
  };

  // A question keeps its id until its text changes, so sending it twice is asking it once.
  const changed = (form) => {
    form.elements.client_id.value = uuid();
    const text = form.elements.message.value;
    if (text) sessionStorage.setItem(draftOf(), text);
    else sessionStorage.removeItem(draftOf());
    form.toggleAttribute("data-empty", !text.trim());
  };

  const restore = (form) => {
    const box = form.elements.message;
    if (!box.value) box.value = sessionStorage.getItem(draftOf()) ?? "";
    changed(form);
    showQueue();
    sendQueued(form);
    if (matchMedia("(pointer: fine)").matches) box.focus();
  };

  // A question asked while an answer comes waits here; it is sent when the answer has ended.
  const queueOf = () => `queued:${location.pathname}`;

  const showQueue = () => {
    const line = document.querySelector("[data-queue]");
    if (!line) return;
    const text = sessionStorage.getItem(queueOf());
    line.hidden = !text;
    line.querySelector("[data-queue-text]").textContent = text ?? "";
  };

  const enqueue = (form) => {
    const box = form.elements.message;
    const before = sessionStorage.getItem(queueOf());
    sessionStorage.setItem(queueOf(), before ? `${before}\n\n${box.value}` : box.value);
    box.value = "";
    changed(form);
    showQueue();
  };

  const takeBack = (form) => {
    const text = sessionStorage.getItem(queueOf());
    if (!text) return;
    sessionStorage.removeItem(queueOf());
    const box = form.elements.message;
    box.value = box.value ? `${text}\n\n${box.value}` : text;
    changed(form);
    showQueue();
    box.focus();
  };

  const sendQueued = (form) => {
    const text = sessionStorage.getItem(queueOf());
    if (!text || form.hasAttribute("data-running")) return;
    const box = form.elements.message;
    const typed = box.value;
    box.value = text;
    changed(form);
    form.dataset.fromQueue = "";
    form.requestSubmit();
    box.value = typed;
    changed(form);
  };

  const refused = (form) => {
    if (form.dataset.fromQueue === undefined) return;
    delete form.dataset.fromQueue;
    takeBack(form);
  };

  // What was typed while the question was on its way stays in the box.
  const accepted = (form) => {
    const box = form.elements.message;
    const sent = form.dataset.sent;
    if (form.dataset.fromQueue !== undefined) {
      delete form.dataset.fromQueue;
      delete form.dataset.sent;
      sessionStorage.removeItem(queueOf());
      showQueue();
      return;
    }
    if (sent === undefined) return;
    delete form.dataset.sent;
    if (box.value.startsWith(sent)) box.value = box.value.slice(sent.length).trimStart();
    changed(form);
  };

  const fill = (text) => {
    const form = document.getElementById("composer");
    form.elements.message.value = text;
    changed(form);
    form.elements.message.focus();
  };

  document.addEventListener("input", (event) => {
    if (event.target.form?.id === "composer") changed(event.target.form);
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.form;
    if (form?.id !== "composer" || event.target.name !== "message") return;
    const plainEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (plainEnter && !event.repeat && matchMedia("(pointer: fine)").matches) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form.id !== "composer") return;
      const busy = form.hasAttribute("data-running");
      if (busy || !form.elements.message.value.trim()) {
        event.preventDefault();
        event.stopPropagation();
        if (busy && form.elements.message.value.trim()) enqueue(form);
        return;
      }
      form.dataset.sent = form.elements.message.value;
      document.querySelector("[data-jump]")?.click();
    },
    true,
  );

  const signals = {
    "data-accepted": accepted,
    "data-refused": refused,
    "data-running": sendQueued,
  };

  new MutationObserver((changes) => {
    for (const { target, attributeName } of changes) {
      if (target.id === "composer") signals[attributeName]?.(target);
      if (attributeName === "data-status" && document.hidden) waiting = true;
    }
    showTitle();
  }).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: [...Object.keys(signals), "data-status", "data-title"],
  });

  // The title names the chat; a dot in it says that an answer came while nobody looked.
  let waiting = false;

  const showTitle = () => {
    const chat = document.querySelector("[data-title]")?.dataset.title;
    if (chat === undefined) return;
    const title = `${waiting ? "● " : ""}${chat ? `${chat} · ` : ""}chatapp`;
    if (document.title !== title) document.title = title;
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) waiting = false;
    showTitle();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-queue-back]")) takeBack(document.getElementById("composer"));
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `chatapp_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;

  window.chatapp = { copy, fill, restore };
})();
