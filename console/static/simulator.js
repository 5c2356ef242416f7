// The phone keeps itself up to date and sends without loading the page. Everything works without it too.
"use strict";

const thread = document.querySelector(".thread");
const text = document.getElementById("text");
const QUICK = 150, CALM = 2000; // milliseconds between two looks: while an answer is due, and otherwise
const shown = new Map(); // id of a bubble to what it was made of
let timer = 0;

async function look() {
  clearTimeout(timer);
  const bubbles = thread.firstElementChild;
  try {
    const answer = await fetch(`${thread.dataset.source}?seen=${bubbles.dataset.tag}`);
    if (answer.status === 200) show(await answer.text());
  } catch {
    // the server is away for a moment: the next look tries again
  }
  const waiting = "waiting" in thread.firstElementChild.dataset;
  timer = setTimeout(look, document.hidden ? 10 * CALM : waiting ? QUICK : CALM);
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
  const form = event.target;
  const said = new FormData(form, event.submitter);
  said.set("fetch", "1");
  form.reset();
  grow();
  const answer = await fetch(form.action, { method: "POST", body: said }).catch(() => null);
  if (!answer?.ok) text.value = said.get("text") || text.value;
  if (answer?.status === 400) location.reload(); // the session behind this page has ended
  if (!answer?.ok) return;
  thread.scrollTop = 0; // the thread is laid out from its end
  look();
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
}

if (thread) {
  for (const form of document.querySelectorAll(".send")) form.addEventListener("submit", send);
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (!sends || !matchMedia("(pointer: fine)").matches) return;
    event.preventDefault();
    if (text.value.trim()) text.form.requestSubmit();
  });
  for (const one of thread.firstElementChild.children) shown.set(one.id, one.outerHTML);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  look();
}
