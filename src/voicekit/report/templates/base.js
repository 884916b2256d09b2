"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

/** Create an element from properties and children. Strings become text nodes, never HTML. */
function el(tag, props = {}, ...children) {
  const out = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") out.className = value;
    else if (name.startsWith("on")) out.addEventListener(name.slice(2), value);
    else if (name in out && typeof value !== "string") out[name] = value;
    else out.setAttribute(name, value);
  }
  out.append(...children.filter((child) => child !== null && child !== undefined));
  return out;
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds)), pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** Per-page storage in localStorage; some browsers refuse it for local files. */
const kept = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(`voicekit.${key}`)); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(`voicekit.${key}`, JSON.stringify(value)); } catch { /* lost when the tab closes */ }
  },
};

function download(name, value) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1) + "\n"], { type: "application/json" }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Whether a key press is meant for the focused control rather than for the page. */
function typing(event) {
  const target = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || target.isContentEditable || document.querySelector("dialog[open]")
    || (target.matches("input, select, textarea") && !target.matches("[type=range], [type=checkbox], [type=radio]"));
}

/** Current value of a CSS colour variable, cached because reading it forces a layout. */
const colours = new Map();
function colour(name) {
  if (!colours.has(name)) {
    const probe = el("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    colours.set(name, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(name);
}

const root = document.documentElement;
const onTheme = [];
function theme(name) {
  if (name) root.dataset.theme = name;
  colours.clear();
  for (const each of onTheme) each();
}
theme(kept.get("theme"));
$("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  kept.set("theme", dark ? "light" : "dark");
  theme(dark ? "light" : "dark");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => theme());
