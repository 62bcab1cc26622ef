/** What a screen would show in a pretended situation, which the page's address names. */

import { Pretence } from "./pretence.js";

for (const root of document.querySelectorAll("[data-pretend]")) {
  const pretence = new Pretence(root, {
    from: () => root.dataset.from,
    told: ({ turns }, query) => {
      history.replaceState(null, "", `?${query}`);
      pretence.take(turns);
    },
  });
  pretence.take(JSON.parse(root.dataset.look));
}
