const lines = [...document.querySelectorAll(".line")];

function stepLine(by) {
  const some = lines.filter((line) => !line.classList.contains("gone"));
  const here = some.indexOf(current?.closest(".line"));
  const next = some[here < 0 ? 0 : here + by]?.querySelector(".take:not(.gone)");
  if (next) { choose(next); next.scrollIntoView({ block: "center" }); next.querySelector(".play")?.focus({ preventScroll: true }); }
}

// --- filters -------------------------------------------------------------------------------------------------------
function filter() {
  const wanted = $("find").value.trim().toLocaleLowerCase(), tag = $("tag").value, kind = $("kind").value;
  let count = 0;
  for (const line of lines) {
    const text = line.querySelector("h2").textContent.toLocaleLowerCase();
    let some = 0;
    for (const take of line.querySelectorAll(".take")) {
      const fits = (!tag || (tag === "-" ? !take.dataset.tag : take.dataset.tag === tag)) &&
        (!kind || take.dataset.kinds.split(" ").includes(kind)) && (!$("picks").checked || take.classList.contains("picked"));
      take.classList.toggle("gone", !fits);
      some += fits;
    }
    const narrow = tag || kind || $("picks").checked;
    const fits = (!wanted || text.includes(wanted)) && (!$("flagged").checked || line.dataset.flagged) && (some || !narrow);
    line.classList.toggle("gone", !fits);
    count += Boolean(fits);
  }
  $("none").classList.toggle("gone", count > 0);
  $("told").textContent = count === lines.length ? "" : `${count} of ${lines.length} lines`;
}
for (const id of ["find", "tag", "kind", "flagged", "picks"]) $(id).addEventListener("input", filter);

$("all").addEventListener("click", () => {
  const some = takes.filter((take) => take.classList.contains("picked") && take.dataset.sound && shown(take));
  if (some.length) { queue = some.slice(1); play(some[0]); some[0].scrollIntoView({ block: "center" }); }
});

// --- scores at a glance --------------------------------------------------------------------------------------------
function heat() {
  const at = Object.keys(data.measures).indexOf($("measure").value) + 3;
  let shaded = false;
  $("heat-rows").replaceChildren(...data.lines.map((line, number) => {
    const text = lines[number].querySelector("h2").textContent;
    return el("tr", {}, el("th", { scope: "row", title: text, dir: "auto" }, text), ...line.takes.map((take) => {
      const [id, count, picked] = take, [figure, shade] = take[at];
      const cell = el("button", {
        type: "button", class: picked ? "pick" : "", "aria-label": `Line ${line.id}, take ${count}${picked ? ", picked" : ""}: ${figure}`,
        onclick: () => {
          const found = takes.find((each) => each.dataset.id === id);
          for (const each of ["tag", "kind"]) $(each).value = "";
          for (const each of ["flagged", "picks"]) $(each).checked = false;
          filter();
          choose(found);
          found.scrollIntoView({ block: "center" });
          found.querySelector(".play")?.focus({ preventScroll: true });
        },
      }, figure);
      if (shade !== null) { cell.dataset.shade = shade; cell.style.setProperty("--shade", shade); shaded = true; }
      return el("td", {}, cell);
    }));
  }));
  document.querySelector(".scale").classList.toggle("gone-soft", !shaded);
}
if ($("measure")) {
  $("measure").addEventListener("input", heat);
  heat();
}

// --- the mix -------------------------------------------------------------------------------------------------------
const mix = $("mix");
if (mix) mix.src = data.mix.audio;
if (data.mix?.duration) {
  const heads = data.mix.speakers.map(() => el("i"));
  const part = (seconds) => `${seconds / data.mix.duration * 100}%`;
  data.mix.speakers.forEach((name, who) => {
    const lane = el("div", { class: `lane s${who % 8}` });
    for (const [start, end, speaker, text] of data.mix.entries) {
      if (speaker !== who) continue;
      const entry = el("button", { type: "button", title: text, "aria-label": `${clock(start)} ${text}`, tabindex: "-1",
        onclick: () => { if (mix) { audio.pause(); mix.currentTime = start; mix.play().catch(() => {}); } } });
      entry.style.left = part(start);
      entry.style.width = part(end - start);
      lane.append(entry);
    }
    lane.append(heads[who]);
    $("mix-lanes").append(el("span", { class: `s${who % 8}`, dir: "auto" }, name), lane);
  });
  const tick = () => {
    for (const head of heads) head.style.left = part(mix.currentTime);
    if (!mix.paused) requestAnimationFrame(tick);
  };
  mix?.addEventListener("play", () => { audio.pause(); tick(); });
  mix?.addEventListener("seeked", tick);
}
