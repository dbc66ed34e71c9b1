"""The machine-facing side: WeCom, the JSON API, health. Thin: verify, parse, hand over, answer."""
