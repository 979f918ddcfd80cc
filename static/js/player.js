/* The player and the timeline beside it: buttons jump to a moment, the playhead follows, frames step. */
const player = document.getElementById("player");

if (player) {
  const heads = document.querySelectorAll("[data-timeline] .playhead");
  const frame = 1 / (Number(player.dataset.fps) || 25);

  const follow = () => {
    for (const head of heads) {
      head.setAttribute("x1", player.currentTime);
      head.setAttribute("x2", player.currentTime);
      head.setAttribute("visibility", "visible");
    }
  };

  player.addEventListener("timeupdate", follow);
  player.addEventListener("seeking", follow);

  player.addEventListener("keydown", (event) => {
    if (event.key !== "," && event.key !== ".") return;
    event.preventDefault();
    player.pause();
    player.currentTime += event.key === "." ? frame : -frame;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-seek]");
    if (!button) return;
    player.pause();
    player.currentTime = Number(button.dataset.seek);
    player.scrollIntoView({ block: "nearest" });
  });
}
