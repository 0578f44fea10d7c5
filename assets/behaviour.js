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

  // What is clicked keeps its id until it is done, so clicking it twice is wishing it once.
  const wishes = new Map();

  const wish = (name) => {
    if (!wishes.has(name)) wishes.set(name, uuid());
    return wishes.get(name);
  };

  const granted = (id) => {
    for (const [name, wished] of wishes) if (wished === id) wishes.delete(name);
  };

  // A question keeps its id until its text changes, so sending it twice is asking it once.
  const changed = (form) => {
    form.elements.client_id.value = uuid();
    const text = form.elements.message.value;
    const draft = form.dataset.edits ? editOf(form) : draftOf();
    if (text) sessionStorage.setItem(draft, text);
    else sessionStorage.removeItem(draft);
    form.toggleAttribute("data-empty", !text.trim());
    count(form);
  };

  // Nothing that is pasted is cut: the box holds it all, and the line below says what is too much.
  const count = (form) => {
    const limit = Number(form.dataset.limit ?? Infinity);
    const text = form.elements.message.value.trim();
    const length = text.length > limit * 0.9 ? [...text].length : 0;
    const over = length - limit;
    const said = `${length.toLocaleString()} of ${limit.toLocaleString()} characters`;
    const more = over > 0 ? `, ${over.toLocaleString()} too many` : "";
    form.elements.count.value = length > limit * 0.9 ? said + more : "";
    form.toggleAttribute("data-over", over > 0);
  };

  let leaving = null;

  const restore = (form) => {
    const box = form.elements.message;
    // What was typed while a chat was being made belongs to that chat.
    const carried = leaving && leaving !== draftOf() ? sessionStorage.getItem(leaving) : null;
    if (carried !== null) sessionStorage.removeItem(leaving);
    leaving = null;
    if (!box.value) box.value = carried ?? sessionStorage.getItem(draftOf()) ?? "";
    changed(form);
    showQueue();
    sendQueued(form);
    if (matchMedia("(pointer: fine)").matches) box.focus();
    alive.add(form);
    if (early) form.requestSubmit();
    early = false;
  };

  // The composers that Python hears, and whether a question was asked before the first was one.
  const alive = new WeakSet();
  let early = false;

  // A question asked while an answer comes waits here; it is sent when the answer has ended.
  const queueOf = (path = location.pathname) => `queued:${path}`;

  // It has one id for as long as its text is the same, as any other question.
  const queueIdOf = (path = location.pathname) => `queued-id:${path}`;

  // Whether it was sent already: then it may have been taken, though nobody has said so.
  const queueSentOf = (path = location.pathname) => `queued-sent:${path}`;

  // What has come since then is a question of its own: it waits behind the other.
  const queueNextOf = (path = location.pathname) => `queued-next:${path}`;

  const queuedText = () => {
    const texts = [queueOf(), queueNextOf()].map((name) => sessionStorage.getItem(name));
    return texts.filter(Boolean).join("\n\n");
  };

  const clearQueue = (path) => {
    for (const name of [queueOf, queueIdOf, queueSentOf, queueNextOf]) {
      sessionStorage.removeItem(name(path));
    }
  };

  const dequeue = (path) => {
    const next = sessionStorage.getItem(queueNextOf(path));
    clearQueue(path);
    if (next) sessionStorage.setItem(queueOf(path), next);
    showQueue();
  };

  const showQueue = () => {
    const line = document.querySelector("[data-queue]");
    if (!line) return;
    const text = queuedText();
    line.hidden = !text;
    line.querySelector("[data-queue-text]").textContent = text;
  };

  const enqueue = (form) => {
    const box = form.elements.message;
    const behind = [queueSentOf(), queueNextOf()].some((name) => sessionStorage.getItem(name));
    const place = behind ? queueNextOf() : queueOf();
    const before = sessionStorage.getItem(place);
    sessionStorage.setItem(place, before ? `${before}\n\n${box.value}` : box.value);
    if (!behind) sessionStorage.setItem(queueIdOf(), uuid());
    box.value = "";
    changed(form);
    showQueue();
  };

  const takeBack = (form) => {
    const text = queuedText();
    if (!text) return;
    sent.delete(sessionStorage.getItem(queueIdOf()));
    clearQueue();
    showQueue();
    const box = form.elements.message;
    box.value = box.value ? `${text}\n\n${box.value}` : text;
    changed(form);
    box.focus();
  };

  const sendQueued = (form) => {
    const text = sessionStorage.getItem(queueOf());
    const free = !form.hasAttribute("data-running") || sessionStorage.getItem(queueSentOf());
    // An edited question that is on its way comes first: it has stopped what was waited for.
    const edited = [...sent.values()].some((question) => question.edit);
    if (!text || !form.hasAttribute("data-known") || !free || edited) return;
    const id = sessionStorage.getItem(queueIdOf()) ?? uuid();
    sessionStorage.setItem(queueIdOf(), id);
    sessionStorage.setItem(queueSentOf(), "1");
    sent.set(id, { text, path: location.pathname, queued: true });
    submit(form, id);
  };

  // Send a question that is not the one in the box, which stays as it is.
  const submit = (form, id) => {
    const { message: box, client_id: place, queued: mark } = form.elements;
    const { text, queued } = sent.get(id);
    const [typed, its] = [box.value, place.value];
    box.value = text;
    place.value = id;
    mark.value = queued ? "1" : "";
    count(form);
    form.requestSubmit();
    box.value = typed;
    place.value = its;
    mark.value = "";
    count(form);
  };

  // The questions on their way, by their ids.
  const sent = new Map();

  // Over a connection that was lost a question may not have come through, or the word that it has.
  // So it is sent again over the next one; it has its id, so it is asked once.
  const sendAgain = (form) => {
    for (const [id, { edit, path }] of sent) {
      // An edited question whose box is gone was taken, or was written anew.
      const there = !edit || (edit.isConnected && edit.elements.client_id.value === id);
      if (!there) sent.delete(id);
      else if (path === location.pathname) edit ? edit.requestSubmit() : submit(form, id);
    }
    sendQueued(form);
  };

  const refused = (form) => {
    const id = form.dataset.refused;
    const question = sent.get(id);
    sent.delete(id);
    question?.edit?.removeAttribute("data-sent");
    if (question?.queued && form.dataset.busy) waitOn(form, question.path);
    else if (question?.queued && question.path === location.pathname) takeBack(form);
    if (question?.edit) sendQueued(form);
  };

  // Another tab was quicker: its answer comes, and its end is waited for too. It may have passed.
  const waitOn = (form, path) => {
    sessionStorage.removeItem(queueSentOf(path));
    const again = () => form.isConnected && path === location.pathname && sendQueued(form);
    setTimeout(again, 3000);
  };

  // What was typed while the question was on its way stays in the box.
  const accepted = (form) => {
    const box = form.elements.message;
    const id = form.dataset.accepted;
    const question = sent.get(id);
    const path = question?.path ?? location.pathname;
    sent.delete(id);
    granted(id);
    if (id === sessionStorage.getItem(queueIdOf(path))) {
      dequeue(path);
      return sendQueued(form);
    }
    if (!question || question.queued) return;
    if (question.edit) {
      if (question.edit.isConnected) close(question.edit);
      sessionStorage.removeItem(editOf(question.edit));
      if (matchMedia("(pointer: fine)").matches) box.focus();
      document.querySelector("[data-jump]")?.click();
      return;
    }
    if (location.pathname === "/") leaving = draftOf();
    const { text } = question;
    if (box.value.startsWith(text)) box.value = box.value.slice(text.length).trimStart();
    changed(form);
  };

  // A question that is edited: its box, its draft.
  const editOf = (form) => `edit:${form.dataset.edits}`;

  const edit = (question) => {
    const form = question.querySelector("form");
    const box = form.elements.message;
    const asked = question.querySelector("[data-asked]").textContent;
    question.closest(".overscroll-contain").dispatchEvent(new Event("hold"));
    box.value = sessionStorage.getItem(editOf(form)) ?? asked;
    form.removeAttribute("data-sent");
    question.setAttribute("data-editing", "");
    changed(form);
    box.focus({ preventScroll: true });
    box.setSelectionRange(box.value.length, box.value.length);
    form.scrollIntoView({ block: "nearest" });
  };

  const close = (form) => {
    const question = form.closest("[data-question]");
    const focused = form.contains(document.activeElement);
    sessionStorage.removeItem(editOf(form));
    question.removeAttribute("data-editing");
    if (focused) question.querySelector("[data-edit]").focus({ preventScroll: true });
  };

  // Another version takes the place of the one that was read, and the focus, at the same height.
  const keepPlace = (button) => {
    const scroller = button.closest(".overscroll-contain");
    const top = button.closest("article").getBoundingClientRect().top;
    scroller.dispatchEvent(new Event("hold"));
    scroller.style.overflowAnchor = "none";
    const done = () => {
      observer.disconnect();
      clearTimeout(late);
      requestAnimationFrame(() => (scroller.style.overflowAnchor = ""));
    };
    const observer = new MutationObserver(() => {
      const versions = scroller.querySelector(`[data-versions="${button.dataset.shows}"]`);
      if (!versions) return;
      scroller.scrollTop += versions.closest("article").getBoundingClientRect().top - top;
      const same = versions.querySelector(`[data-step="${button.dataset.step}"]`);
      const next = same.disabled ? versions.querySelector("button:enabled") : same;
      next?.focus({ preventScroll: true });
      done();
    });
    const late = setTimeout(done, 10_000);
    observer.observe(scroller, { childList: true, subtree: true });
  };

  const fill = (text) => {
    const form = document.getElementById("composer");
    form.elements.message.value = text;
    changed(form);
    form.elements.message.focus();
  };

  // "@" at the beginning of a word and the beginning of a name list the agents of such names, above
  // the box.
  const mentionOf = (form) => {
    const box = form.elements.message;
    const before = box.value.slice(0, box.selectionStart);
    return before.match(/(?:^|[\s(])@([^@\n]*)$/)?.[1].toLowerCase() ?? null;
  };

  const optionsOf = (list) => [...list.children].filter((option) => !option.hidden);

  const mention = (form) => {
    const list = document.getElementById("mentions");
    const text = list && document.activeElement === form.elements.message ? mentionOf(form) : null;
    if (text !== null && form.dataset.agents === undefined) {
      document.querySelector("[data-loads-agents]").click();
    }
    for (const option of list?.children ?? []) {
      const name = option.dataset.name.toLowerCase();
      option.hidden = text === null || !name.startsWith(text) || name === text;
    }
    if (list) select(form, list, optionsOf(list)[0]);
  };

  const select = (form, list, chosen) => {
    for (const option of list.children) {
      option.setAttribute("aria-selected", String(option === chosen));
    }
    list.hidden = !chosen;
    chosen?.scrollIntoView({ block: "nearest" });
    form.elements.message.setAttribute("aria-activedescendant", chosen?.id ?? "");
  };

  const take = (form, option) => {
    const box = form.elements.message;
    const before = box.value.slice(0, box.selectionStart);
    const after = box.value.slice(box.selectionStart).trimStart();
    const start = `${before.slice(0, before.lastIndexOf("@"))}@${option.dataset.name} `;
    box.value = start + after;
    box.setSelectionRange(start.length, start.length);
    changed(form);
    mention(form);
    box.focus();
  };

  // Whether a key was for the list of agents.
  const mentioned = (form, event) => {
    const list = document.getElementById("mentions");
    if (!list || list.hidden || event.isComposing) return false;
    const options = optionsOf(list);
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) select(form, list, options.at((at + step) % options.length));
    else if (event.key === "Enter" || event.key === "Tab") take(form, options[at]);
    else if (event.key === "Escape") select(form, list, undefined);
    else return false;
    event.preventDefault();
    return true;
  };

  // A picture is made small, sent, and shown; the form has its id and is saved by its own button.
  const smaller = async (file) => {
    const image = await createImageBitmap(file);
    if (image.width * image.height < 1_000_000 && file.size < 500_000) return file;
    const scale = Math.min(1, 1024 / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(image.width * scale);
    canvas.height = Math.ceil(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((made) => canvas.toBlob(made, "image/webp"));
  };

  const showPicture = (place, id, words = "") => {
    const said = place.querySelector("[data-picture-said]");
    said.textContent = words;
    if (words) return;
    place.querySelector("[name=picture]").value = id;
    if (id) place.querySelector("img").src = `/pictures/${id}`;
    else place.querySelector("img").removeAttribute("src");
    place.toggleAttribute("data-there", Boolean(id));
  };

  const sendPicture = async (input) => {
    const place = input.closest("[data-picture]");
    const [file] = input.files;
    if (!file) return;
    input.disabled = true;
    try {
      const body = await smaller(file).catch(() => file);
      const response = await fetch(input.dataset.sendsPicture, { method: "POST", body });
      const told = await response.json();
      showPicture(place, told.id, response.ok ? "" : told.message);
    } catch {
      showPicture(place, "", "The picture could not be sent. Please try again.");
    }
    input.disabled = false;
    input.value = "";
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-sends-picture]")) sendPicture(event.target);
  });

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.id !== "composer" && !form?.dataset.edits) return;
    changed(form);
    if (form.id !== "composer") return;
    if (event.target.name === "message") mention(event.target.form);
  });

  document.addEventListener("focusout", (event) => {
    const list = document.getElementById("mentions");
    if (event.target.form?.id !== "composer" || !list || list.hidden) return;
    if (event.target.name === "message") select(event.target.form, list, undefined);
  });

  // Before the box would lose the focus, and the list with it.
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("#mentions [role=option]");
    if (!option) return;
    event.preventDefault();
    take(document.getElementById("composer"), option);
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.form;
    if (form?.dataset.edits && event.key === "Escape" && !event.isComposing) close(form);
    if ((form?.id !== "composer" && !form?.dataset.edits) || event.target.name !== "message") return;
    if (form.id === "composer" && mentioned(form, event)) return;
    if (event.key === "ArrowUp" && form.id === "composer" && !event.target.value) {
      const last = [...document.querySelectorAll("[data-question]")].at(-1);
      if (last) {
        event.preventDefault();
        edit(last);
      }
    }
    const enter = event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.repeat;
    if (enter && (event.ctrlKey || event.metaKey || matchMedia("(pointer: fine)").matches)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const edits = form.dataset.edits;
      // The browser would lead away, with all that was typed in the address.
      if (!form.hasAttribute("action")) event.preventDefault();
      if (form.id !== "composer" && !edits) return;
      if (!edits && !alive.has(form)) {
        early = true;
        return;
      }
      const id = form.elements.client_id.value;
      const busy = !edits && form.hasAttribute("data-running") && !sent.has(id);
      const refusable = !form.elements.message.value.trim() || form.hasAttribute("data-over");
      if (edits && !refusable) {
        form.setAttribute("data-sent", "");
        form.elements.tier.value = document.getElementById("composer").elements.tier?.value ?? "";
        sent.set(id, { edit: form, path: location.pathname });
        return;
      }
      if (busy || refusable) {
        event.preventDefault();
        event.stopPropagation();
        if (!refusable) enqueue(form);
        return;
      }
      sent.set(id, { ...sent.get(id), text: form.elements.message.value, path: location.pathname });
      document.querySelector("[data-jump]")?.click();
    },
    true,
  );

  const signals = {
    "data-accepted-anew": accepted,
    "data-refused-anew": refused,
    "data-following": sendAgain,
    "data-running": sendQueued,
    "data-known": sendQueued,
    "data-limit": count,
    "data-agents": mention,
  };

  new MutationObserver((changes) => {
    for (const { target, attributeName, oldValue } of changes) {
      if (target.id === "composer") signals[attributeName]?.(target);
      if (attributeName === "data-status") seeEnd(oldValue, target.dataset.status);
    }
    seeMarks();
    showTitle();
  }).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeOldValue: true,
    attributeFilter: [...Object.keys(signals), "data-status", "data-title"],
  });

  // The title names the chat; a dot in it says that an answer ended while nobody looked: here, or in
  // another chat, which has a mark in the list then.
  let waiting = false;

  const ends = ["done", "stopped", "failed"];

  const seeEnd = (before, now) => {
    if (document.hidden && ends.includes(now) && !ends.includes(before)) waiting = true;
  };

  const marksOf = () =>
    [...document.querySelectorAll("#sidebar [title='New answer']")].map(
      (mark) => mark.parentElement.querySelector("a").pathname,
    );

  // The marks that are no news; null while the list has not come.
  let known = null;

  const seeMarks = () => {
    if (known && !document.hidden) return;
    if (!document.querySelector("#sidebar") || document.querySelector("#sidebar .pulse")) return;
    const marks = marksOf();
    if (known && marks.some((mark) => !known.has(mark))) waiting = true;
    known = new Set(marks);
  };

  const showTitle = () => {
    const chat = document.querySelector("[data-title]")?.dataset.title;
    if (chat === undefined) return;
    // As the browser would tidy it: else it would never be what it was set to.
    const tidy = chat.split(/\s+/).join(" ").trim();
    const title = `${waiting ? "● " : ""}${tidy ? `${tidy} · ` : ""}chatapp`;
    if (document.title !== title) document.title = title;
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) known = known && new Set(marksOf());
    else waiting = false;
    showTitle();
  });

  // Earlier messages come in above what is being read, and that stays where it is.
  const hold = (scroller) => {
    const first = scroller.querySelector("article");
    const before = first.offsetTop;
    scroller.style.overflowAnchor = "none";
    const observer = new MutationObserver(() => {
      if (!first.previousElementSibling?.matches("article")) return;
      observer.disconnect();
      scroller.scrollTop += first.offsetTop - before;
      requestAnimationFrame(() => (scroller.style.overflowAnchor = ""));
    });
    observer.observe(first.parentElement, { childList: true });
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-queue-back]")) takeBack(document.getElementById("composer"));
    const removed = event.target.closest("[data-removes-picture]");
    if (removed) showPicture(removed.closest("[data-picture]"), "");
    const earlier = event.target.closest("[data-earlier]");
    if (earlier) hold(earlier.closest(".overscroll-contain"));
    const version = event.target.closest("[data-shows]");
    if (version && !version.disabled) keepPlace(version);
    if (event.target.closest("[data-edit]")) edit(event.target.closest("[data-question]"));
    if (event.target.closest("[data-cancel]")) close(event.target.closest("form"));
    // On a phone the list of chats has done its work when a chat is chosen or deleted.
    if (event.target.closest("[data-closes-menu]")) {
      document.querySelector(".menu:popover-open")?.hidePopover();
    }
    const drawer = document.querySelector("#sidebar:popover-open");
    if (event.target.closest("#sidebar a, [data-closes]")) drawer?.hidePopover();
  });

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `chatapp_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;

  window.chatapp = { copy, fill, restore, wish };
})();
