"""How slots change, and the stage as a place of its own, in a real Chromium."""

import json

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Page, Route

from tests.e2e.stage.looking import picture_of

pytestmark = pytest.mark.chromium


def test_a_picture_still_loading_keeps_the_old_slot_whole(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/kite.svg", hold)
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("message"));
          window.shown = false;
          now.stage.show(sample("image")).then(() => { window.shown = true; });
        }"""
    )
    deadline_checks = 100
    while not held and deadline_checks:
        page.wait_for_timeout(20)
        deadline_checks -= 1
    assert held
    assert not page.evaluate("window.shown")
    assert page.evaluate("now.shadow.querySelectorAll('.scene').length") == 1
    assert "Ouvert dimanche" in page.evaluate("now.shadow.textContent")
    held[0].continue_()
    page.wait_for_function("window.shown")
    assert page.evaluate("now.shadow.querySelector('.scene img').naturalWidth") > 0


def test_a_slot_change_ends_on_the_boundary_also_where_its_first_frame_is_late(page: Page) -> None:
    ends = page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          await now.stage.prepare(sample("trio"));
          const from = performance.now();
          now.stage.show(sample("trio"), { boundaryInMs: 3000 });
          while (now.shadow.querySelectorAll(".scene").length < 2) await Promise.resolve();
          while (performance.now() < from + 200);
          const moves = now.shadow.getAnimations()
            .filter(({ effect }) => effect.target.closest(".scene"))
            .filter(({ effect }) => !effect.target.closest(".lease"))
            .filter(({ animationName }) => !animationName);
          await Promise.all(moves.map(({ ready }) => ready));
          const times = moves.map(({ effect, startTime }) => (
            { ...effect.getComputedTiming(), startTime: startTime - from }));
          return { last: Math.max(...times.map(({ startTime, endTime }) => startTime + endTime)),
                   first: Math.min(...times.map(({ startTime, delay }) => startTime + delay)) };
        }"""
    )
    assert ends["last"] == pytest.approx(3000, abs=5)
    assert ends["first"] == pytest.approx(1800, abs=5)


def test_what_cuts_in_before_a_boundary_keeps_the_slot_of_after_it_off_the_screen(
    page: Page,
) -> None:
    seen = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn();
          await stage.show(sample("price"));
          await stage.prepare(sample("trio"));
          const scenes = () => [...shadow.querySelectorAll(".scene")];
          const before = scenes()[0];
          stage.show(sample("trio"), { boundaryInMs: 1500 });
          while (scenes().length < 2) await new Promise((next) => setTimeout(next, 5));
          const coming = scenes()[1];
          const shown = stage.show(sample("message"));
          const atOnce = scenes().map((scene) => scene === before);
          await shown;
          return { atOnce, gone: !coming.isConnected && !before.isConnected,
                   left: scenes().length, says: shadow.textContent };
        }"""
    )
    assert seen["atOnce"] == [True]
    assert seen["gone"]
    assert seen["left"] == 1
    assert "Ouvert dimanche" in seen["says"]


def test_a_turn_cuts_fades_or_slides_where_it_says_so(page: Page) -> None:
    """Half way through, with the clock of its movements stopped: what of each card is there."""
    seen = page.evaluate(
        """async () => {
          const frame = () => new Promise((next) => requestAnimationFrame(next));
          const { stage, shadow } = stageIn();
          const plots = () => [...shadow.querySelectorAll(".plot")];
          const opacity = (plot) => getComputedStyle(plot).opacity;
          const coming = (name, transition) => {
            const view = sample(name, { key: `${name} ${transition}` });
            return { ...view, params: { ...view.params, transition } };
          };
          const halfWay = async (name, transition) => {
            const view = coming(name, transition);
            await stage.prepare(view);
            const shown = stage.show(view);
            while (view.key !== stage.view.key || plots().length < 2) await Promise.resolve();
            const moves = plots().flatMap((plot) => plot.getAnimations());
            for (const move of moves) { move.pause(); move.currentTime = 350; }
            const aside = (plot) => Math.trunc(plot.getBoundingClientRect().x / 10);
            const found = plots().map((plot) => [Number(opacity(plot)), Math.sign(aside(plot))]);
            for (const move of moves) move.finish();
            await shown;
            return [...found, plots().length];
          };
          await stage.show(sample("price"));
          const cut = coming("message", "cut");
          await stage.prepare(cut);
          const before = plots()[0];
          let over = false;
          stage.show(cut, { boundaryInMs: 200 }).then(() => { over = true; });
          while (plots().length < 2) await Promise.resolve();
          const frames = new Set();
          while (!over) {
            await frame();
            const there = plots().map((plot) => plot === before ? "old" : opacity(plot));
            frames.add(there.filter((each) => each !== "0").at(-1) ?? "black");
          }
          return { cut: [...frames], fade: await halfWay("trio", "fade"),
                   slide: await halfWay("service", "slide") };
        }"""
    )
    assert seen["cut"] == ["old", "1"]
    assert seen["fade"] == [[1, 0], [0.5, 0], 1]
    assert seen["slide"] == [[1, -1], [1, 1], 1]


def test_with_reduced_motion_rain_stands_still_and_changes_are_fades(page: Page) -> None:
    moving = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn(undefined, { reducedMotion: true });
          await stage.show(sample("trio"));
          stage.show(sample("service"));
          while (shadow.querySelectorAll(".scene").length < 2) {
            await new Promise((next) => setTimeout(next, 5));
          }
          return shadow.getAnimations().map(({ animationName, effect }) =>
            animationName || effect.getKeyframes().flatMap((frame) => Object.keys(frame)).join());
        }"""
    )
    assert "fall" not in moving
    assert all("translate" not in properties for properties in moving)


@pytest.mark.slow
def test_two_stages_side_by_side_are_out_of_reach_of_the_page_style(page: Page) -> None:
    page.evaluate(
        """async () => {
          const left = "position:absolute;left:0;top:0;width:400px;height:225px";
          const right = "position:absolute;left:500px;top:0;width:400px;height:225px";
          await Promise.all([stageIn(left).stage.show(sample("price")),
                             stageIn(right).stage.show(sample("service"))]);
        }"""
    )
    before = picture_of(page)
    page.add_style_tag(
        content="*{color:lime!important;font:italic 40px serif!important;letter-spacing:1em;"
        "text-align:right;line-height:3} .price,.scene,p{display:none!important}"
        ":root{--u:9px;--h:10px;--fit:3}"
    )
    assert list(picture_of(page).get_flattened_data()) == list(before.get_flattened_data())


def test_a_thumbnail_is_the_screen_itself(page: Page) -> None:
    """The same layout at 960 and at 240 px: reduced, the large one looks like the small one."""
    page.evaluate("async () => { await stageIn().stage.show(sample('elsewhere')); }")
    large = picture_of(page)
    page.evaluate(
        """async () => {
          document.body.replaceChildren();
          const style = "position:absolute;left:0;top:0;width:240px;height:135px";
          await stageIn(style).stage.show(sample("elsewhere"));
        }"""
    )
    small = picture_of(page).crop((0, 0, 240, 135))
    # Compared at a size where letters are shades: only their edges are drawn differently.
    grain = [image.convert("L").resize((60, 34), Image.Resampling.BOX) for image in (large, small)]
    assert ImageStat.Stat(ImageChops.difference(*grain)).mean[0] < 4


@pytest.mark.slow
def test_the_stage_orbits_nine_points_by_the_wall_clock(page: Page) -> None:
    places = page.evaluate(
        """async () => {
          const real = Date.now;
          const places = [];
          for (let step = 0; step < 10; step += 1) {
            Date.now = () => step * 180000;
            document.body.replaceChildren();
            const { stage, shadow } = stageIn();
            stage.show(sample("slate-bare", { key: `slate ${step}` }));
            while (!shadow.querySelector(".scene")) await new Promise((next) => setTimeout(next));
            const { left, top } = shadow.querySelector(".orbit").getBoundingClientRect();
            places.push([left, top]);
            stage.destroy();
          }
          Date.now = real;
          return places;
        }"""
    )
    assert len({json.dumps(place) for place in places[:9]}) == 9
    assert places[9] == places[0]
    assert max(abs(value) for place in places for value in place) <= 4
