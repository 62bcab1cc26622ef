"""From a source's answer to signed offers: quarantine, ledger, compiling, freshness."""
