"""What every capability stands on: who acts, the record, edits, keys, pages, the outbox."""
