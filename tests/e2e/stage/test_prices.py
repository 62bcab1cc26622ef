"""What a price on the stage may never do, in a real Chromium."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.stage.looking import LANDSCAPE, PORTRAIT, screencast

pytestmark = pytest.mark.chromium


LEASE_MS = 1_500
"""What is left of the price when the hang begins (the slot change before it takes 1.2 s)."""
HANG_MS = 3_000


def shows_price(frame: Image.Image) -> bool:
    """White figures under the middle good of the trio, on the dark ground."""
    width, height = frame.size
    region = frame.crop(
        (int(width * 0.50), int(height * 0.86), int(width * 0.62), int(height * 0.93))
    )
    return region.convert("L").getextrema()[1] > 200


ARMED_BY = {
    "a slot that was prepared": """
      await now.stage.show(sample("message"));
      await now.stage.prepare(priced(60000));
      await now.stage.show(priced(LEASE + 1200));""",
    "a renewal in place": """
      await now.stage.show(priced(60000));
      await now.stage.update(priced(LEASE));""",
}


@pytest.mark.slow
@pytest.mark.parametrize("armed", ARMED_BY.values(), ids=ARMED_BY)
def test_a_price_leaves_on_time_while_the_main_thread_hangs(page: Page, armed: str) -> None:
    """Rain falls on the compositor: frames keep coming during the hang, each is looked at."""
    page.set_viewport_size({"width": 640, "height": 360})
    with screencast(page, format="png", everyNthFrame=2) as frames:
        told = page.evaluate(
            """async ([LEASE, hang]) => {
              let ends = 0;
              const priced = (lease) => {
                const view = sample("trio");
                for (const item of view.goods) item.price.ends_in_ms = lease;
                ends = Date.now() + lease;
                return view;
              };
              window.now = stageIn();
              ARMED
              await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
              const until = performance.now() + hang;
              const from = Date.now();
              while (performance.now() < until);
              return { from, ends, until: Date.now() };
            }""".replace("ARMED", armed),
            [LEASE_MS, HANG_MS],
        )
    during = [(at, shows_price(Image.open(io.BytesIO(data)))) for at, data in frames]
    before = [shown for at, shown in during if told["from"] < at < told["ends"] - 500]
    after = [shown for at, shown in during if told["ends"] <= at < told["until"]]
    assert before, "frames came while the price ran"
    assert all(before), "the price stands until its end"
    assert len(after) > 5, "frames came while the main thread hung"
    assert not any(after), "no frame at or after the end shows the price"


def test_a_price_that_ends_turns_into_the_price_free_form_by_itself(page: Page) -> None:
    page.evaluate(
        """async () => {
          const view = sample("price");
          window.now = stageIn();
          await window.now.stage.ready;
          view.goods[0].price.ends_in_ms = 3000;
          window.now.stage.show(view);
        }"""
    )
    page.wait_for_function("now.shadow.querySelector('.int')?.textContent === '89'")
    page.wait_for_function("!now.shadow.querySelector('.price, .ticket')")
    said = page.evaluate("now.shadow.textContent")
    assert "Prix indiqué en rayon" in said
    assert "Plus que 3" in said
    assert "119,90" not in said
    assert "octobre" not in said
    page.wait_for_function("now.shadow.querySelectorAll('.earth').length === 1")
    assert page.evaluate("now.shadow.querySelector('.earth').className") == "earth sky-mist"


def test_a_price_with_no_life_left_is_never_drawn(page: Page) -> None:
    said = page.evaluate(
        """async () => {
          const view = sample("price");
          view.goods[0].price.ends_in_ms = 0;
          const { stage, shadow } = stageIn();
          await stage.show(view);
          return shadow.textContent;
        }"""
    )
    assert "89" not in said
    assert "Prix indiqué en rayon" in said


def test_a_renewed_lease_keeps_the_price_standing_without_a_flicker(page: Page) -> None:
    seen = page.evaluate(
        """async () => {
          const view = sample("price");
          view.goods[0].price.ends_in_ms = 1500;
          const { stage, shadow } = stageIn();
          await stage.show(view);
          const figures = shadow.querySelector(".price");
          view.goods[0].price.ends_in_ms = 60000;
          const least = [];
          const until = performance.now() + 1500;
          await stage.update(view);
          while (performance.now() < until) {
            await new Promise((next) => requestAnimationFrame(next));
            const style = getComputedStyle(figures.closest(".lease"));
            least.push(style.visibility === "visible" ? Number(style.opacity) : 0);
          }
          return { least: Math.min(...least), same: shadow.querySelector(".price") === figures };
        }"""
    )
    assert seen == {"least": 1, "same": True}


def test_a_price_change_in_place_moves_figures_and_leaves_the_goods(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          window.good = now.shadow.querySelector(".good");
          const view = sample("price");
          Object.assign(view.goods[0].price, { figures: "79", version: "v-next" });
          now.stage.update(view);
        }"""
    )
    assert page.evaluate("now.shadow.querySelectorAll('.price').length") == 2
    page.wait_for_function("now.shadow.querySelectorAll('.price').length === 1")
    assert page.evaluate("now.shadow.querySelector('.int').textContent") == "79"
    assert page.evaluate("now.shadow.querySelector('.good') === window.good && good.isConnected")


def test_prices_overtaken_twice_are_gone_before_their_movement_is(page: Page) -> None:
    """Where a machine is behind, movements pile up; old prices do not."""
    standing = page.evaluate(
        """async () => {
          const { stage, shadow } = stageIn();
          await stage.show(sample("price"));
          const counts = [];
          for (const figures of ["21", "32", "43", "54"]) {
            const view = sample("price");
            view.goods[0].price.figures = figures;
            await stage.update(view);
            counts.push(shadow.querySelectorAll(".lease .price").length);
          }
          return counts;
        }"""
    )
    assert max(standing) == 2, "the new one and the one before it"


def test_a_price_that_leaves_is_gone_in_time_where_its_movement_has_no_frames(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          const view = sample("price");
          view.goods[0].price.figures = "79";
          now.stage.update(view);
          window.moves = now.shadow.getAnimations();
          for (const move of moves) move.pause();
        }"""
    )
    assert page.evaluate("now.shadow.querySelectorAll('.price').length") == 2
    page.wait_for_function("now.shadow.querySelectorAll('.price').length === 1")
    assert page.evaluate("now.shadow.querySelector('.int').textContent") == "79"
    assert page.evaluate("moves.some(({ playState }) => playState === 'paused')")


def test_a_price_that_is_gone_leaves_nothing_armed(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          window.armed = now.shadow.querySelector(".lease").getAnimations();
          const view = sample("price");
          view.goods[0].price.figures = "79";
          now.stage.update(view);
        }"""
    )
    assert page.evaluate("armed.length") == 2
    page.wait_for_function("now.shadow.querySelectorAll('.price').length === 1")
    page.wait_for_function("armed.every(({ playState }) => playState === 'idle')")


def test_a_withdrawn_price_goes_and_a_restored_one_comes_back(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          const view = sample("price");
          view.goods[0].price = null;
          await now.stage.update(view);
        }"""
    )
    page.wait_for_function("!now.shadow.querySelector('.price')")
    assert page.evaluate("now.shadow.querySelector('.standing').textContent") == "Estran 28"
    page.evaluate("now.stage.update(sample('price'))")
    page.wait_for_function("!now.shadow.querySelector('.standing')")
    assert page.evaluate("now.shadow.querySelector('.int').textContent") == "89"


@pytest.mark.slow
def test_a_price_withdrawn_while_the_next_slot_waits_leaves_at_once(page: Page) -> None:
    page.evaluate(
        """async () => {
          window.now = stageIn();
          await now.stage.show(sample("price"));
          now.stage.show(sample("service"), { boundaryInMs: 600000 });
        }"""
    )
    page.wait_for_function("now.shadow.querySelectorAll('.scene').length === 2")
    page.evaluate(
        """() => {
          const view = sample("price");
          view.goods[0].price = null;
          now.stage.update(view);
        }"""
    )
    page.wait_for_function("!now.shadow.querySelector('.price')")
    assert page.evaluate("now.shadow.querySelectorAll('.scene').length") == 2
    assert page.evaluate("now.stage.view.key") == "service"


def test_figures_are_fitted_but_never_cut(page: Page) -> None:
    for shape in (LANDSCAPE, PORTRAIT, {"width": 210, "height": 118}):
        page.set_viewport_size(shape)
        shown = page.evaluate(
            """async () => {
              const view = sample("price", { key: "dear " + innerWidth });
              Object.assign(view.goods[0].price, { figures: "1 234 567", cents: "89" });
              window.now?.stage.destroy();
              document.body.replaceChildren();
              window.now = stageIn();
              await now.stage.show(view);
              const price = now.shadow.querySelector(".price");
              return { text: price.textContent, right: price.scrollWidth <= price.clientWidth + 2 };
            }"""
        )
        assert shown == {"text": "1 234 567,89€", "right": True}
