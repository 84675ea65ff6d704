"""Bar charts as SVG, legible on light and dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 220, 140, 26, 44
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #57606a }
text.title { font-size: 15px; font-weight: 600; fill: #24292f }
text.own { fill: #24292f; font-weight: 600 }
rect { fill: #afb8c1 } rect.own { fill: #0969da } rect.floor { fill: #d4a72c }
@media (prefers-color-scheme: dark) {
  text { fill: #8b949e } text.title, text.own { fill: #e6edf3 }
  rect { fill: #484f58 } rect.own { fill: #388bfd } rect.floor { fill: #bb8009 }
}
"""


@dataclass(frozen=True)
class Bar:
    """One bar. `kind` is `own` for attestor, `floor` for a bare signature check, or empty."""

    label: str
    value: float
    text: str
    kind: str = ""


def chart(title: str, bars: list[Bar]) -> str:
    """Draw horizontal bars from zero, in the order given."""
    longest = max((bar.value for bar in bars), default=1.0)
    height = TOP + ROW * len(bars) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="10" y="24">{escape(title)}</text>',
    ]
    for at, bar in enumerate(bars):
        y = TOP + ROW * at
        width = max(1.5, bar.value / longest * (WIDTH - LEFT - RIGHT))
        kind = f' class="{bar.kind}"' if bar.kind else ""
        parts += [
            f'<text{kind} x="{LEFT - 10}" y="{y + 16}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect{kind} x="{LEFT}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" rx="2"/>',
            f'<text{kind} x="{LEFT + width + 8:.1f}" y="{y + 16}">{escape(bar.text)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
