// Only one take plays at a time.
const audio = $("audio");
const takes = [...document.querySelectorAll(".take")];
let current = null;  // the take that keyboard shortcuts apply to
let loaded = null;  // the take whose audio is loaded
let queue = [];

for (const each of document.querySelectorAll("[data-shade]")) each.style.setProperty("--shade", each.dataset.shade);

function play(take, from = 0) {
  if (!take.dataset.sound) return;
  choose(take);
  if (loaded !== take) {
    loaded = take;
    audio.src = take.dataset.sound;
  }
  audio.currentTime = from;
  audio.play().catch(() => {});
}

function choose(take) {
  if (current && current !== take) {
    audio.pause();
    button(current, "▶");
    current.classList.remove("current");
  }
  current = take;
  take.classList.add("current");
}

function button(take, sign) {
  const found = take.querySelector(".play");
  if (found) found.textContent = sign;
}

function toggle(take) {
  queue = [];
  if (take === loaded && !audio.paused) audio.pause();
  else play(take, take === loaded && !audio.ended ? audio.currentTime : 0);
}

function follow() {
  if (!current || current !== loaded) return;
  const long = Number.isFinite(audio.duration) ? audio.duration : Number(current.dataset.seconds);
  const head = current.querySelector(".head");
  if (head && long) head.style.left = `${audio.currentTime / long * 100}%`;
  if (!audio.paused) requestAnimationFrame(follow);
}

audio.addEventListener("play", () => { button(loaded, "❚❚"); follow(); });
audio.addEventListener("pause", () => { button(loaded, "▶"); follow(); });
audio.addEventListener("seeked", follow);
audio.addEventListener("ended", () => {
  const next = queue.shift();
  if (next) { next.scrollIntoView({ block: "nearest" }); play(next); }
});
audio.addEventListener("error", () => {
  if (!loaded || loaded.querySelector(".lost")) return;
  loaded.querySelector("header").after(el("p", { class: "lost" }, "Cannot play the audio: the file is not where this page expects it."));
  const next = queue.shift();
  if (next) play(next);
});

for (const take of takes) {
  take.querySelector(".play")?.addEventListener("click", () => toggle(take));
  take.querySelector(".picture")?.addEventListener("click", (event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    queue = [];
    play(take, (event.clientX - left) / width * Number(take.dataset.seconds));
  });
  for (const at of take.querySelectorAll("[data-at]")) {
    at.addEventListener("click", () => { queue = []; play(take, Math.max(0, Number(at.dataset.at) - 0.2)); });
  }
}

const shown = (take) => take.checkVisibility?.({ contentVisibilityAuto: false }) ?? take.offsetParent !== null;

function step(by, sameKind = () => true) {
  const some = takes.filter((take) => shown(take) && (take === current || sameKind(take)));
  const next = some[some.indexOf(current) + by] ?? (current ? null : some[0]);
  if (!next) return;
  choose(next);
  next.scrollIntoView({ block: "center" });
  next.querySelector(".play")?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.target.matches("input")) return;
  const pressing = event.target.closest("button, summary, a, audio");
  const does = {
    " ": pressing ? null : current && (() => toggle(current)),
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    ArrowUp: stepLine && (() => stepLine(-1)), ArrowDown: stepLine && (() => stepLine(1)),
    s: current && (() => { const more = current.querySelector("details"); more.open = !more.open; }),
    "/": $("find") && (() => $("find").focus()),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (does) { event.preventDefault(); does(); }
});
