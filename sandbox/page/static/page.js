// Takes over the parts that the server sends, and counts seconds down between them.
"use strict";

const link = document.getElementById("link");
const opened = new Map(); // By key: whether a person has opened or closed these details.

function words(seconds) {
  if (seconds <= 0) return "now";
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  return minutes ? `${minutes} min ${String(rest).padStart(2, "0")} s` : `${rest} s`;
}

function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time.left")) {
    time.textContent = words(Math.round((Date.parse(time.dateTime) - now) / 1000));
  }
  for (const bar of document.querySelectorAll("progress.spread")) {
    const began = Date.parse(bar.dataset.began);
    bar.value = (now - began) / (Date.parse(bar.dataset.until) - began);
  }
}

function take({ name, html }) {
  const section = document.getElementById(name);
  if (name === "log" && section.querySelector("form").contains(document.activeElement)) {
    // Somebody writes in the form: only the lines below it change.
    const fresh = document.createElement("section");
    fresh.innerHTML = html;
    const form = section.querySelector("form");
    while (form.nextSibling) form.nextSibling.remove();
    const other = fresh.querySelector("form");
    while (other.nextSibling) section.append(other.nextSibling);
  } else {
    section.innerHTML = html;
  }
  for (const one of section.querySelectorAll("details")) {
    const key = one.dataset.key;
    if (opened.has(key)) one.open = opened.get(key);
  }
  tick();
}

document.addEventListener("click", (event) => {
  const summary = event.target.closest("summary");
  if (summary) opened.set(summary.parentElement.dataset.key, !summary.parentElement.open);
});

const source = new EventSource("/live" + location.search);
source.onopen = () => { link.textContent = "live"; link.className = "link good"; };
source.onerror = () => { link.textContent = "the sandbox does not answer"; link.className = "link bad"; };
source.onmessage = (event) => take(JSON.parse(event.data));
setInterval(tick, 1000);
tick();
