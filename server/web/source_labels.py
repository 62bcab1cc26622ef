"""What the fields of feeds, files and product pages are called in a source's form."""

from __future__ import annotations

from server.web.tongue import gettext as _

SHOWN = (
    "shop",
    "url",
    "client_id",
    "currency",
    "order",
    "release_url",
    "folder",
    "pages",
    "sitemap",
    "part",
)
"""Fields that are not folded away although they may be left as they are."""


def labels() -> dict[str, tuple[str, str]]:
    """Label and hint of each field; by name and what it begins with where that matters."""
    return {
        "merchant.url": (_("Address"), _("Of the feed: https://shop.example/feed.xml.")),
        "local_inventory.url": (_("Address"), _("Of the feed: https://shop.example/stock.xml.")),
        "woocommerce.url": (_("Address"), _("Of the shop: https://shop.example.")),
        "prestashop.url": (_("Address"), _("Of the shop: https://shop.example.")),
        "local_url": (
            _("Address of the local inventory feed"),
            _("Where stores ask prices of their own. Its stock is read too."),
        ),
        "time_zone=": (_("Time zone of its dates"), _("Empty: the one that most stores go by.")),
        "tax_percent": (_("Tax rate in its prices, in percent"), _("20 or 5.5. Empty: not said.")),
        "perishable": (
            _("Categories of goods that spoil soon"),
            _("A line each, as the feed writes them or how they begin: Food > Bakery"),
        ),
        "jump_percent": (
            _("A price that moves by more percent is held"),
            _("Empty: as this server is set, usually 50."),
        ),
        "batch_percent": (
            _("Answers with more percent of doubtful prices are held whole"),
            _("Empty: as this server is set, usually 5."),
        ),
        "stock_buffer": (
            _("Pieces of each product that screens never promise"),
            _("For what is in a fitting room or mislaid. Empty: as this server is set."),
        ),
        "stock_back_at": (
            _("Once sold out, a product is back with so many pieces"),
            _("Empty: as this server is set, usually 2."),
        ),
        "stock_settle_s": (
            _("Fewer pieces are back once they stayed so long, in seconds"),
            _("So that a count that wavers moves no screen. Empty: as this server is set."),
        ),
        "folder": (
            _("File or folder below the watched folder"),
            _("Empty, like the address: you upload the file on the next page."),
        ),
        "columns": (
            _("Which column is what"),
            _("Easier on the page of its file. A line each: Prix TTC = price"),
        ),
        "decimal": (_("Before the cents stands"), ""),
        "day_first": (_("Dates such as 03/04/2026 begin with the day"), ""),
        "whole": (_("It lists everything: what is absent is sold no more"), ""),
        "max_age_h": (
            _("A file is believed for, in hours"),
            _("Then its prices leave the screens, until a newer one comes."),
        ),
        "pages": (
            _("Addresses of product pages"),
            _("A line each. Empty where a sitemap names them."),
        ),
        "sitemap": (_("Address of the sitemap"), _("Such as https://shop.example/sitemap.xml.")),
        "part": (
            _("What the address of a product page contains"),
            _("Such as /products/, so that only those are read."),
        ),
        "pages_at_once": (_("Pages read in one run, at most"), ""),
        "delay_ms": (
            _("Pause between two pages, in milliseconds"),
            _("Longer where the site’s robots.txt asks for it."),
        ),
    }


def choices() -> dict[str, str]:
    """What is chosen from, by field and value."""
    return {
        "decimal=": _("Told from each price"),
        "decimal=,": _("A comma: 1.234,50"),
        "decimal=.": _("A full stop: 1,234.50"),
    }


def gives() -> dict[str, str]:
    """What comes from a kind of source."""
    return {
        "csv": _(
            "Products and prices from a table of yours: uploaded, in a folder, at an address."
        ),
        "jsonld": _("Prices as the shop’s product pages tell search engines; no feed is needed."),
    }


def doubts() -> dict[str, str]:
    """Why a row of a feed, a file or a page would not show, or would be left out."""
    return {
        "twice": _("two prices in one entry that differ."),
        "columns": _("more or fewer columns than the first line."),
        "quotes": _("a quotation mark that is not closed."),
        "formula": _("a formula in the place of a value."),
        "tax": _("a tax rate that cannot be read."),
        "range": _("from one price to another."),
        "expired": _("no longer valid."),
        "local_price": _("a store’s own price: give its feed to the product feed."),
        "robots": _("a page that robots.txt forbids."),
        "page_gone": _("a page that is gone."),
        "page_failed": _("a page that does not answer now."),
        "no_product": _("a page that tells of no product."),
        "no_offer": _("a product without number or offer."),
        "broken_json": _("structured data that is broken."),
    }
