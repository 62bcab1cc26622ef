"""The record: engine, tables, migrations and mappers. Touched only by services, app and cli."""
