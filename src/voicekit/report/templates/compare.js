if ($("blind")) {
  // Rows: [line id, text, address of the first take, address of the second take, 1 if the first is A's].
  const rows = data.rows, key = `votes.${data.pair}.${data.seed}`;
  const audio = $("audio"), votes = new Map(kept.get(key));  // by line id: 1, 2 or "same"
  let at = rows.findIndex(([line]) => !votes.has(line)), side = 0, heard = new Set();

  const tabs = [$("tab-figures"), $("tab-blind")];
  function open(tab) {
    for (const each of tabs) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      $(each.getAttribute("aria-controls")).classList.toggle("gone", each !== tab);
    }
    audio.pause();
  }
  for (const tab of tabs) {
    tab.addEventListener("click", () => { open(tab); if (tab === tabs[1]) $("blind").focus(); });  // so that its arrow keys vote
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - tabs.indexOf(tab)];
      event.stopPropagation();
      open(other);
      other.focus();
    });
  }

  function show() {
    audio.pause();
    const done = at < 0 || at >= rows.length;
    $("ballot").classList.toggle("gone", done);
    $("result").classList.toggle("gone", !done);
    if (done) { result(); return; }
    heard = new Set();
    side = 0;
    const given = votes.get(rows[at][0]);
    $("number").textContent = `Line ${at + 1} of ${rows.length}`;
    $("line").textContent = rows[at][1];
    $("back").disabled = at === 0;
    for (const [id, vote] of [["vote-1", 1], ["vote-2", 2], ["vote-same", "same"]]) $(id).classList.toggle("given", given === vote);
    buttons();
  }

  function buttons() {
    for (const which of [1, 2]) {
      $(`play-${which}`).classList.toggle("on", side === which && !audio.paused);
      $(`play-${which}`).classList.toggle("heard", heard.has(which));
    }
    const both = heard.size === 2;
    for (const id of ["vote-1", "vote-2", "vote-same"]) $(id).disabled = !both;
    $("hint").textContent = both ? "Vote with ← ↓ →. You can listen again as often as you like." : "Listen to both before you vote.";
  }

  function play(which) {
    if (at < 0 || at >= rows.length) return;
    side = which;
    audio.src = rows[at][1 + which];
    audio.play().catch(() => {});
  }
  audio.addEventListener("playing", () => { heard.add(side); buttons(); });
  audio.addEventListener("pause", buttons);
  audio.addEventListener("error", () => { $("hint").textContent = "Cannot play the audio. It should be in the folder of files beside this page."; });

  function vote(which) {
    if (heard.size < 2) return;
    votes.set(rows[at][0], which);
    kept.set(key, [...votes]);
    at += 1;
    show();
  }

  /** The run that the vote on a row prefers: a, b or same. */
  function prefers([line, , , , aFirst]) {
    const given = votes.get(line);
    return given === "same" ? "same" : (given === 1) === Boolean(aFirst) ? "a" : "b";
  }

  function wilson(successes, trials) {
    const z = 1.959963984540054, share = successes / trials, scale = 1 + z * z / trials;
    const middle = (share + z * z / (2 * trials)) / scale;
    const half = z / scale * Math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  }

  function result() {
    const given = rows.filter(([line]) => votes.has(line)), counts = { a: 0, b: 0, same: 0 };
    for (const row of given) counts[prefers(row)] += 1;
    const decided = counts.a + counts.b, per = (share) => `${Math.round(share * 100)} %`;
    let text = "No votes for either yet.";
    const [low, high] = decided ? wilson(counts.b, decided) : [0, 1];
    if (decided) {
      const said = `B is preferred in ${counts.b} of ${decided} (95 % interval ${per(low)} to ${per(high)})` +
        (counts.same ? `; no difference heard in ${counts.same}` : "");
      text = decided < data.few ? `No verdict: ${said}, and at least ${data.few} votes are needed.`
        : low > 0.5 ? `B is preferred: ${said}.` : high < 0.5 ? `A is preferred: ${said}.` : `No preference shown: ${said}.`;
    }
    $("verdict").textContent = text;
    $("reach").style.left = per(low);
    $("reach").style.width = per(high - low);
    $("point").style.left = per(decided ? counts.b / decided : 0.5);
    $("told").replaceChildren(...given.map((row) => el("tr", {}, el("th", { scope: "row", dir: "auto" }, row[1]),
      el("td", {}, { a: "A", b: "B", same: "no difference" }[prefers(row)]))));
    $("save").disabled = !given.length;
    $("go-on").disabled = given.length === rows.length;
  }

  for (const which of [1, 2]) {
    $(`play-${which}`).addEventListener("click", () => play(which));
    $(`vote-${which}`).addEventListener("click", () => vote(which));
  }
  $("vote-same").addEventListener("click", () => vote("same"));
  $("back").addEventListener("click", () => { at -= 1; show(); });
  $("end").addEventListener("click", () => { at = rows.length; show(); $("result-head").focus(); });
  $("go-on").addEventListener("click", () => { at = rows.findIndex(([line]) => !votes.has(line)); show(); });
  $("anew").addEventListener("click", () => { votes.clear(); kept.set(key, []); at = 0; show(); });
  $("save").addEventListener("click", () => download("votes.json", {
    schema: data.schema, pair: data.pair, a: data.runs.A, b: data.runs.B, seed: data.seed,
    votes: rows.filter(([line]) => votes.has(line)).map((row) => ({ line: row[0], prefers: prefers(row), first: row[4] ? "a" : "b" })),
  }));

  document.addEventListener("keydown", (event) => {
    if (typing(event) || $("blind").classList.contains("gone") || $("ballot").classList.contains("gone")) return;
    const does = { 1: () => play(1), 2: () => play(2), ArrowLeft: () => vote(1), ArrowRight: () => vote(2), ArrowDown: () => vote("same"),
      Backspace: at > 0 && (() => { at -= 1; show(); }) }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  show();
  if (location.hash === "#blind") open(tabs[1]);
}
