// --- transcript --------------------------------------------------------------------------------------------------
// Segments: [id, start, end, speaker, language, text, words]; words: [text, start, end, %, speaker %?, speaker?]. Times in ms.
const segments = data.segments.map(([id, start, end, who, language, text, words], number) => ({
  id, number, start: start / 1000, end: end / 1000, who, language, text, words: [], rows: words, filled: false,
}));
const words = [];
for (const segment of segments) {
  segment.rows.forEach(([text, start, end, sure, whose = -1, who = segment.who], number) => {
    const word = { index: words.length, segment, number, text, start: start / 1000, end: end / 1000, sure, whose, who };
    segment.words.push(word);
    words.push(word);
  });
}
const byStart = words.map((word) => word.index).sort((a, b) => words[a].start - words[b].start);

// --- corrections ---------------------------------------------------------------------------------------------------
const draft = kept.get(`edits.${data.mark}`);
const edits = { words: new Map(draft?.words), segments: new Map(draft?.segments), names: new Map(draft?.names) };
let saved = true;
const wordKey = (word) => `${word.segment.id}:${word.number}`;
const editOf = (word) => edits.words.get(wordKey(word));
const nameOf = (who) => (who < 0 ? "" : edits.names.get(data.names[who]) ?? data.names[who]);
const speakerOf = (word) => editOf(word)?.speaker ?? edits.segments.get(word.segment.id) ?? nameOf(word.who);
const headOf = (segment) => edits.segments.get(segment.id) ?? nameOf(segment.who);
const colourOf = (name) => {
  const at = data.names.findIndex((own) => own === name || edits.names.get(own) === name);
  return at < 0 ? "s6" : `s${at % 8}`;
};

function edited() {
  return {
    schema: data.kind,
    transcript: data.mark,
    source: data.source,
    words: [...edits.words].map(([key, edit]) => {
      const [segment, word] = key.split(":").map(Number);
      return { segment, word, was: edit.was, text: edit.text, speaker: edit.speaker ?? null };
    }),
    segments: [...edits.segments].map(([segment, speaker]) => ({ segment, speaker })),
    names: Object.fromEntries(edits.names),
  };
}

function changed(segment) {
  saved = false;
  kept.set(`edits.${data.mark}`, { words: [...edits.words], segments: [...edits.segments], names: [...edits.names] });
  if (segment) refill(segment);
  tellEdits();
  review();
}

function tellEdits() {
  const count = edits.words.size + edits.segments.size + edits.names.size;
  $("edits").textContent = count ? String(count) : "";
  $("save").disabled = $("forget").disabled = !count;
}

$("save").addEventListener("click", () => { download(data.save, edited()); saved = true; });
$("forget").addEventListener("click", () => {
  for (const some of Object.values(edits)) some.clear();
  for (const segment of segments) if (segment.filled) refill(segment);
  changed();
  names();
  saved = true;
});
addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
const quoted = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
$("command").textContent = `voicekit transcript apply ${quoted(data.apply)} ${quoted(data.save)}`;

// --- words on the page, laid out when they come near the viewport ---------------------------------------------------------------
const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) if (isIntersecting) fill(segments[target.dataset.n]);
}, { rootMargin: "600px" });

function lay() {
  const all = document.createDocumentFragment();
  let before = null;
  for (const segment of segments) {
    const first = before === null || before !== segment.who;
    segment.text_at = el("p", { dir: "auto", lang: segment.language }, segment.text);
    segment.head = first && segment.who >= 0 ? el("h3", { dir: "auto" }) : null;
    segment.box = el("article", { class: first ? "seg first" : "seg", "data-n": String(segment.number) },
      segment.head, el("button", { type: "button", class: "link stamp", tabindex: "-1", "aria-label": `Play from ${clock(segment.start)}` }, clock(segment.start)),
      segment.text_at);
    before = segment.who;
    all.append(segment.box);
    near.observe(segment.box);
  }
  $("segments").append(all);
}

function names() {
  for (const segment of segments) {
    if (!segment.head) continue;
    segment.head.textContent = headOf(segment);
    segment.head.className = colourOf(headOf(segment));
  }
  $("lanes").replaceChildren(...data.names.map((name, who) =>
    el("button", { type: "button", class: `s${who % 8}`, title: "Rename", dir: "auto", onclick: () => rename(who) }, nameOf(who))));
  $("names").replaceChildren(...[...new Set(data.names.map((_, who) => nameOf(who)))].map((name) => el("option", { value: name })));
  const chosen = $("who").value;
  $("who").replaceChildren(el("option", { value: "" }, "all speakers"),
    ...data.names.map((_, who) => el("option", { value: String(who) }, nameOf(who))));
  $("who").value = chosen;
}

function fill(segment) {
  if (!segment.filled) refill(segment);
}

function refill(segment) {
  segment.filled = true;
  near.unobserve(segment.box);
  if (!segment.words.length) return;
  const parts = [];
  let at = 0;
  for (const word of segment.words) {
    const found = segment.text.indexOf(word.text, at);
    parts.push(found >= 0 ? segment.text.slice(at, found) : " ", show(word));
    if (found >= 0) at = found + word.text.length;
  }
  segment.text_at.replaceChildren(...parts, segment.text.slice(at));
}

function show(word) {
  const edit = editOf(word);
  word.at = el("span", { class: "w", "data-i": String(word.index) }, edit ? edit.text || word.text : word.text);
  mark(word);
  return word.at;
}

function mark(word) {
  if (!word.at) return;
  const edit = editOf(word), list = word.at.classList;
  list.toggle("doubt", doubtful(word) && !edit);
  list.toggle("whose", whoseful(word) && !edit);
  list.toggle("changed", Boolean(edit) || edits.segments.has(word.segment.id));
  list.toggle("removed", edit?.text === "");
  list.toggle("at", word === cursor);
  list.toggle("now", word === playing);
  const told = [`${clock(word.start)}`, speakerOf(word), `word ${word.sure} %`, word.whose >= 0 ? `speaker ${word.whose} %` : ""];
  word.at.title = (edit && edit.text !== word.text ? `was “${word.text}” · ` : "") + told.filter(Boolean).join(" · ");
}

// --- words to review ----------------------------------------------------------------------------------------
let cursor = null, playing = null, doubts = [];
const doubtful = (word) => word.sure < Number($("below").value);
const whoseful = (word) => word.whose >= 0 && word.whose < Number($("speaker-below").value);
const MOST = 400;

function review() {
  doubts = words.filter((word) => doubtful(word) || whoseful(word));
  const open = doubts.filter((word) => !editOf(word)).length;
  $("count").textContent = doubts.length ? `${open} of ${words.length} words` : "nothing";
  $("below-told").textContent = `${$("below").value} %`;
  $("speaker-below-told").textContent = `${$("speaker-below").value} %`;
  const rows = doubts.slice(0, MOST).map((word) =>
    el("li", { class: editOf(word) ? "done" : "" },
      el("button", { type: "button", "data-i": String(word.index) },
        el("span", { class: "soft" }, clock(word.start)), el("span", { class: "word", dir: "auto" }, word.text),
        el("span", { class: "soft" }, doubtful(word) ? `${word.sure} %` : `speaker ${word.whose} %`))));
  if (doubts.length > MOST) rows.push(el("li", { class: "soft" }, `and ${doubts.length - MOST} more: press N for the next`));
  $("review").replaceChildren(...rows);
}

function remark() {
  for (const word of words) mark(word);
  review();
  filter();
}

function step(by) {
  const open = doubts.filter((word) => !editOf(word));
  const here = cursor ? cursor.index : by > 0 ? -1 : words.length;
  const found = by > 0 ? open.find((word) => word.index > here) : open.findLast((word) => word.index < here);
  if (found) select(found, true);
}

for (const id of ["below", "speaker-below"]) $(id).addEventListener("input", remark);
$("next").addEventListener("click", () => step(1));
$("previous").addEventListener("click", () => step(-1));
$("review").addEventListener("click", (event) => {
  const row = event.target.closest("[data-i]");
  if (row) { select(words[row.dataset.i], true); playFrom(words[row.dataset.i].start - 0.4); }
});

// --- finding -------------------------------------------------------------------------------------------------------
function filter() {
  const wanted = $("find").value.trim().toLocaleLowerCase(), who = $("who").value, only = $("only").checked;
  const open = new Set(only ? doubts.map((word) => word.segment.number) : []);
  let shown = 0;
  for (const segment of segments) {
    const fits = (!wanted || segment.text.toLocaleLowerCase().includes(wanted)) && (!who || segment.who === Number(who)) &&
      (!only || open.has(segment.number));
    segment.box.classList.toggle("gone", !fits);
    shown += fits;
  }
  $("none").classList.toggle("gone", shown > 0);
  $("told").textContent = shown === segments.length ? "" : `${shown} of ${segments.length} segments`;
}
$("find").addEventListener("input", filter);
$("who").addEventListener("change", filter);
$("only").addEventListener("change", filter);

// --- selected word ----------------------------------------------------------------------------------
function select(word, scroll) {
  const before = cursor;
  cursor = word;
  fill(word.segment);
  if (before) mark(before);
  mark(word);
  if (scroll) reveal(word.segment);
  $("told").textContent = `${word.text}, ${speakerOf(word)}, ${clock(word.start)}`;
}

function reveal(segment) {
  segment.box.scrollIntoView({ block: "center" });
  requestAnimationFrame(() => segment.box.scrollIntoView({ block: "center" }));  // again, once its height is known
}

function move(by) {
  select(words[Math.min(words.length - 1, Math.max(0, (cursor?.index ?? -1) + by))], false);
  cursor.at.scrollIntoView({ block: "nearest" });
}

function moveSegment(by) {
  let number = (cursor?.segment.number ?? -1) + by;
  while (segments[number] && (!segments[number].words.length || segments[number].box.classList.contains("gone"))) number += by;
  if (segments[number]) { select(segments[number].words[0], false); segments[number].box.scrollIntoView({ block: "nearest" }); }
}

$("segments").addEventListener("click", (event) => {
  const at = event.target.closest(".w"), stamp = event.target.closest(".stamp");
  if (at) { select(words[at.dataset.i], false); playFrom(cursor.start); }
  if (stamp) playFrom(segments[stamp.closest(".seg").dataset.n].start);
});
$("segments").addEventListener("dblclick", (event) => {
  const at = event.target.closest(".w");
  if (at) { event.preventDefault(); edit(words[at.dataset.i]); }
});

// --- audio ---------------------------------------------------------------------------------------------------------
const audio = $("audio");
const now = () => (audio ? audio.currentTime : cursor?.start ?? 0);

function playFrom(seconds) {
  if (!audio) return;
  audio.currentTime = Math.max(0, seconds);
  audio.play().catch(() => {});
  moment();
}

function toggle() {
  if (!audio) return;
  if (audio.paused) audio.play().catch(() => {}); else audio.pause();
}

function wordAt(seconds) {
  let low = 0, high = byStart.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[byStart[middle]].start <= seconds + 0.01) low = middle + 1; else high = middle;
  }
  const word = words[byStart[low - 1]];
  return word && seconds < Math.max(word.end, word.start + 0.15) + 0.3 ? word : null;
}

function moment() {
  const seconds = now();
  $("at").textContent = clock(seconds);
  if (document.activeElement !== $("seek") || !audio.paused) $("seek").value = seconds;
  $("seek").setAttribute("aria-valuetext", clock(seconds));
  const word = wordAt(seconds);
  if (word !== playing) {
    const before = playing;
    playing = word;
    if (before) mark(before);
    if (word) {
      fill(word.segment);
      mark(word);
      if (!audio.paused && $("follow").checked && before?.segment !== word.segment) {
        const { top, bottom } = word.segment.box.getBoundingClientRect();
        if (top < document.querySelector(".player").offsetHeight + 20 || bottom > innerHeight - 60) reveal(word.segment);
      }
    }
  }
  if (!audio.paused && (seconds < view[0] || seconds > view[1])) showTime(seconds, view[1] - view[0]);
  placeHead();
}

if (audio) {
  audio.src = data.audio;
  const tick = () => { moment(); if (!audio.paused) requestAnimationFrame(tick); };
  audio.addEventListener("play", () => { $("play").textContent = "Pause"; tick(); });
  audio.addEventListener("pause", () => { $("play").textContent = "Play"; moment(); });
  audio.addEventListener("seeked", moment);
  audio.addEventListener("error", () => {
    $("play").disabled = true;
    $("main").prepend(el("p", { class: "notes", id: "no-sound" },
      `Cannot play the audio. It should be beside this page as ${data.audio.startsWith("data:") ? "part of it" : decodeURIComponent(data.audio)}.`));
  });
  $("play").addEventListener("click", toggle);
  $("speed").addEventListener("change", () => { audio.playbackRate = Number($("speed").value); });
  $("seek").addEventListener("input", () => { audio.currentTime = Number($("seek").value); });
}

// --- waveform and lanes --------------------------------------------------------------------------------------------
const WAVE = 48, LANE = 24;
const peaks = data.peaks ? Uint8Array.from(atob(data.peaks), (letter) => letter.charCodeAt(0)) : null;
const length = Math.max(data.duration, data.sound ?? 0, 0.1);
let view = [0, length];

function showTime(seconds, span) {
  const wide = Math.min(length, Math.max(5, span));
  const start = Math.min(Math.max(0, seconds - wide * 0.1), length - wide);
  view = [start, start + wide];
  draw();
}

function draw() {
  const canvas = $("canvas"), wide = canvas.parentElement.clientWidth, high = 52 + LANE * data.names.length;
  const scale = devicePixelRatio || 1, [from, to] = view, x = (t) => (t - from) / (to - from) * wide;
  canvas.width = wide * scale;
  canvas.height = high * scale;
  canvas.style.height = `${high}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = colour("soft");
  if (peaks) {
    const per = peaks.length / data.sound;
    for (let at = 0; at < wide; at += 2) {
      const first = Math.floor((from + at / wide * (to - from)) * per);
      const last = Math.max(first + 1, Math.floor((from + (at + 2) / wide * (to - from)) * per));
      let top = 0;
      for (let i = first; i < last; i++) top = Math.max(top, peaks[i] ?? 0);
      const tall = Math.max(1, top / 255 * WAVE);
      pen.fillRect(at, (WAVE - tall) / 2, 1.4, tall);
    }
  }
  data.names.forEach((_, who) => {
    pen.fillStyle = colour("line");
    pen.fillRect(0, 52 + LANE * who + LANE / 2, wide, 1);
    pen.fillStyle = colour(`s${who % 8}`);
    for (const [start, end, speaker] of data.turns) {
      if (speaker !== who || end / 1000 < from || start / 1000 > to) continue;
      const left = x(start / 1000);
      pen.fillRect(left, 52 + LANE * who + 6, Math.max(1.5, x(end / 1000) - left), LANE - 12);
    }
  });
  placeHead();
}

function placeHead() {
  const [from, to] = view, share = (now() - from) / (to - from);
  $("head").classList.toggle("gone", !audio || share < 0 || share > 1);
  $("head").style.left = `${share * 100}%`;
}

$("canvas").addEventListener("click", (event) => {
  const { left, width } = $("canvas").getBoundingClientRect();
  const seconds = view[0] + (event.clientX - left) / width * (view[1] - view[0]);
  if (audio) { audio.currentTime = seconds; moment(); }
  const word = wordAt(seconds) ?? words[byStart.find((index) => words[index].start >= seconds)];
  if (word) select(word, true);
});
$("in").addEventListener("click", () => showTime(now(), (view[1] - view[0]) / 2));
$("out").addEventListener("click", () => showTime(now(), (view[1] - view[0]) * 2));
new ResizeObserver(draw).observe($("canvas").parentElement);
onTheme.push(draw);

// --- dialogs -------------------------------------------------------------------------------------------------------
let subject = null;

function edit(word) {
  audio?.pause();
  select(word, false);
  subject = word;
  $("edit-text").value = editOf(word)?.text ?? word.text;
  $("edit-speaker").value = speakerOf(word);
  $("edit-all").checked = edits.segments.has(word.segment.id);
  $("edit").showModal();
  $("edit-text").select();
}

$("edit").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const word = subject, text = $("edit-text").value.trim(), speaker = $("edit-speaker").value.trim();
  const renamed = speaker && speaker !== nameOf(word.who) ? original(speaker) : null;
  if ($("edit-all").checked && speaker) edits.segments.set(word.segment.id, original(speaker));
  else edits.segments.delete(word.segment.id);
  edits.words.set(wordKey(word), { was: word.text, text, speaker: $("edit-all").checked ? null : renamed });
  done("edit", word);
});
$("edit-undo").addEventListener("click", () => {
  edits.words.delete(wordKey(subject));
  edits.segments.delete(subject.segment.id);
  done("edit", subject);
});
$("edit-cancel").addEventListener("click", () => $("edit").close());

/** The original name of a speaker who was renamed on this page. */
function original(name) {
  return [...edits.names].find(([, now]) => now === name)?.[0] ?? name;
}

function done(dialog, word) {
  $(dialog).close();
  changed(word.segment);
  names();
  $("segments").focus({ preventScroll: true });
}

function confirmWord(word) {
  edits.words.set(wordKey(word), { was: word.text, text: word.text, speaker: null });
  changed(word.segment);
}

function rename(who) {
  subject = who;
  $("rename-was").textContent = data.names[who];
  $("rename-text").value = nameOf(who);
  $("rename").showModal();
  $("rename-text").select();
}

$("rename").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("rename-text").value.trim(), own = data.names[subject];
  if (name && name !== own) edits.names.set(own, name); else edits.names.delete(own);
  $("rename").close();
  changed();
  names();
});
$("rename-cancel").addEventListener("click", () => $("rename").close());

// --- keys ----------------------------------------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const inWords = document.activeElement === $("segments"), control = event.target.closest("button, summary, a, input");
  const does = {
    " ": control ? null : toggle,
    "/": () => $("find").focus(),
    j: () => playFrom(now() - 5), l: () => playFrom(now() + 5),
    n: () => step(1), p: () => step(-1),
    e: cursor && (() => edit(cursor)), c: cursor && (() => confirmWord(cursor)),
    ...(inWords && {
      ArrowLeft: () => move(-1), ArrowRight: () => move(1), ArrowUp: () => moveSegment(-1), ArrowDown: () => moveSegment(1),
      Enter: cursor && (() => playFrom(cursor.start)),
    }),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (does) { event.preventDefault(); does(); }
});

$("below").value = Math.round(data.below * 100);
$("speaker-below").value = Math.round(data.speakerBelow * 100);
for (const name of ["soft", "line", ...data.names.map((_, who) => `s${who % 8}`)]) colour(name);  // while there is little to lay out
lay();
names();
review();
tellEdits();
