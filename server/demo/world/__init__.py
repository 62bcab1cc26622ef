"""The demo's outside world: a shop, a weather service, people counters and an MQTT broker.

They are real peers on their own ports and know nothing of the product's code: only the demo's
own catalogue.
"""
