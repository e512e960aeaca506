class LedgerTest {}
