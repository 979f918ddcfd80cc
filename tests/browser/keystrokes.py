"""Real key events: the browser gets each press as the operating system would send it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Page

CTRL, META, ALT = 2, 4, 1


class Keyboard:
    """Sends key down, the character it types, and key up as three events over CDP. Playwright's
    own `keyboard.press` sends the first two as one, so a page change never comes between them."""

    def __init__(self, page: Page) -> None:
        self._cdp: CDPSession = page.context.new_cdp_session(page)

    def down(self, key: str, *, repeat: bool = False, modifiers: int = 0) -> None:
        self._send("rawKeyDown", key, autoRepeat=repeat, modifiers=modifiers)

    def char(self, key: str, *, repeat: bool = False) -> None:
        self._send("char", key, text=key, unmodifiedText=key, autoRepeat=repeat)

    def up(self, key: str, *, modifiers: int = 0) -> None:
        self._send("keyUp", key, modifiers=modifiers)

    def press(self, key: str, *, modifiers: int = 0) -> None:
        self.down(key, modifiers=modifiers)
        if not modifiers:
            self.char(key)
        self.up(key, modifiers=modifiers)

    def hold(self, key: str, *, times: int = 4) -> None:
        """Pressed, repeated by the keyboard, and let go."""
        self.down(key)
        self.char(key)
        for _ in range(times):
            self.down(key, repeat=True)
            self.char(key, repeat=True)
        self.up(key)

    def down_in_input_method(self, key: str) -> None:
        """Pressed while an input method listens: browsers give it the code 229."""
        self._send("rawKeyDown", key, windowsVirtualKeyCode=229)

    def compose(self, text: str) -> None:
        """An input method writes text into the field that has the focus."""
        self._cdp.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
        self._cdp.send("Input.insertText", {"text": text})

    def _send(self, kind: str, key: str, **more: Any) -> None:
        code = ord(key.upper())
        name = f"Digit{key}" if key.isdigit() else f"Key{key.upper()}"
        self._cdp.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": key, "code": name, "windowsVirtualKeyCode": code,
             "nativeVirtualKeyCode": code, **more},
        )  # fmt: skip
