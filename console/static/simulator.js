// Phones and clock keep themselves up to date and send without loading the page. Everything works without it too.
"use strict";

const QUICK = 150, SOON = 500, CALM = 2000; // milliseconds between two looks: an answer is due; the clock moved; otherwise
const AFTER_MOVE = 8000; // milliseconds in which something may arrive after the clock moved
const phones = [...document.querySelectorAll(".phone")].map(phone);
let busyUntil = 0;

function phone(section) {
  const thread = section.querySelector(".thread"), text = section.querySelector("textarea");
  const file = section.querySelector("[type=file]"), chosen = section.querySelector(".chosen");
  const shown = new Map(); // id of a bubble to what it was made of
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    const bubbles = thread.firstElementChild;
    try {
      const answer = await fetch(`${thread.dataset.source}&seen=${bubbles.dataset.tag}`);
      if (answer.status === 200) show(await answer.text());
    } catch {
      // the server is away for a moment: the next look tries again
    }
    const waiting = "waiting" in thread.firstElementChild.dataset;
    clearTimeout(timer);
    timer = setTimeout(look, document.hidden ? 10 * CALM : waiting ? QUICK : Date.now() < busyUntil ? SOON : CALM);
  }

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const fresh = page.querySelector(".bubbles"), old = thread.firstElementChild;
    for (const gone of [...old.children]) if (!page.getElementById(gone.id)) gone.remove();
    [...fresh.children].forEach((one, place) => {
      const known = document.getElementById(one.id);
      if (known && shown.get(one.id) === one.outerHTML) return;
      shown.set(one.id, one.outerHTML);
      if (known) known.replaceWith(one);
      else {
        one.classList.add("new");
        old.insertBefore(one, old.children[place] || null);
      }
    });
    old.dataset.tag = fresh.dataset.tag;
    if ("waiting" in fresh.dataset) old.dataset.waiting = "";
    else delete old.dataset.waiting;
  }

  async function send(event) {
    event.preventDefault();
    const form = event.target, said = new FormData(form, event.submitter), attached = said.get("file")?.size;
    if (form === text?.form && !attached && !said.get("text").trim()) return;
    if (!attached) clear(form);
    form.inert = Boolean(attached); // a file takes its time, and goes once
    const answer = await post(form.action, said);
    form.inert = false;
    if (!answer?.ok && text) text.value = said.get("text") || text.value;
    if (!answer?.ok) return;
    if (attached) clear(form);
    thread.scrollTop = 0; // the thread is laid out from its end
    look();
  }

  function clear(form) {
    form.reset();
    if (chosen) chosen.textContent = "";
    grow();
  }

  function choose() {
    const one = file.files[0], fits = !one || one.size <= Number(file.dataset.most);
    chosen.textContent = fits ? (one?.name ?? "") : file.dataset.tooLarge;
    if (!fits) file.value = "";
  }

  function grow() {
    if (!text) return;
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
  }

  for (const form of section.querySelectorAll(".send")) form.addEventListener("submit", send);
  text?.addEventListener("input", grow);
  file?.addEventListener("change", choose);
  text?.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!sends || !matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    if (text.value.trim() || file.files.length) text.form.requestSubmit();
  });
  for (const one of thread.firstElementChild.children) shown.set(one.id, one.outerHTML);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  setTimeout(look);
  return look;
}

async function post(address, said) {
  said.set("fetch", "1");
  const answer = await fetch(address, { method: "POST", body: said }).catch(() => null);
  if (answer?.status === 400) location.reload(); // the session behind this page has ended
  return answer;
}

const clock = document.querySelector(".clock");

async function read_clock() {
  try {
    const answer = await fetch(clock.dataset.source);
    if (answer.status === 200) show_clock(await answer.text());
  } catch {
    // the server is away for a moment: the next look tries again
  }
}

function show_clock(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector(".clock-face");
  const held = document.activeElement?.closest(".jump") ? document.activeElement.className : "";
  clock.replaceChildren(fresh);
  if (held) (clock.querySelector(`.${held}`) || clock.querySelector("button")).focus();
}

async function jump(event) {
  event.preventDefault();
  const said = new FormData(event.target, event.submitter);
  const answer = await post(event.target.action, said);
  if (!answer?.ok) return;
  busyUntil = Date.now() + AFTER_MOVE;
  await read_clock();
  for (const look of phones) look();
}

clock.addEventListener("submit", jump);
setInterval(() => document.hidden || read_clock(), 15000);
