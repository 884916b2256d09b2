const groups = [...document.querySelectorAll(".group")];

function stepLine(by) {
  const here = groups.indexOf(current?.closest(".group"));
  const next = groups[here < 0 ? 0 : here + by]?.querySelector(".take");
  if (next) { choose(next); next.scrollIntoView({ block: "center" }); next.querySelector(".play")?.focus({ preventScroll: true }); }
}
