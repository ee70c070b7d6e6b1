#!/usr/bin/env python3
"""Draws timeline.svg: one stop request, with and without lastcall.

    docs/timeline.py > docs/timeline.svg

The times are those of `lastcall --delay 5s --drain auto` on Kubernetes'
defaults: 30 s from SIGTERM to SIGKILL, of which lastcall takes 27 s at most.
How long the balancer still sends and requests take is made up, and said so.
tests/91-readme.bats checks that the picture is what this script draws, and
that its words can be read on what they stand on.
"""

LEFT = 130            # where second 0 is
SCALE = 21            # pixels a second
WIDTH = LEFT + 31 * SCALE + 30
LANE = 24             # height of a lane
PLATFORM_S = 30       # the platform's period
GRACE_S = 27          # lastcall's, by default
DELAY_S = 5
SENDS_S = 3.2         # the balancer has noticed
ANSWERED_S = 7.4      # the last request has been answered
QUIET_S = 1           # --drain's default
STOPPED_S = 9.1       # the program has ended after its SIGTERM

# A class: its colour on a light page, and on a dark one.
COLORS = {
    "page": ("#ffffff", "#0d1117"),
    "ink": ("#1f2937", "#e6edf3"),
    "grey": ("#4b5563", "#9da7b3"),
    "kill": ("#c81e1e", "#ff7b72"),
    "rest": ("#e5e7eb", "#21262d"),
    # Bars, with white words on them.
    "sends": ("#2563eb", "#2563eb"),
    "asks": ("#b45309", "#b45309"),
    "runs": ("#047857", "#047857"),
    "fails": ("#c81e1e", "#c81e1e"),
    "waits": ("#6b7280", "#6b7280"),
    "last": ("#7c3aed", "#7c3aed"),
}

out = []


def style():
    def rules(column):
        return " ".join(f".{name}{{fill:{colors[column]}}}"
                        for name, colors in COLORS.items())

    def strokes(column):
        return " ".join(f"line.{name}{{stroke:{COLORS[name][column]}}}"
                        for name in ("ink", "grey", "kill"))
    return (f"<style>{rules(0)} {strokes(0)} .on{{fill:#ffffff}} "
            f".edge{{fill:none;stroke:#8b949e;stroke-opacity:.5}} "
            f"@media (prefers-color-scheme:dark){{{rules(1)} {strokes(1)} "
            ".on{fill:#ffffff}}</style>")


def x(second):
    return round(LEFT + second * SCALE, 1)


def text(at, y, words, kind="ink", anchor="start", weight="normal", size=12):
    out.append(f'<text class="{kind}" x="{at}" y="{y}" font-size="{size}" '
               f'text-anchor="{anchor}" font-weight="{weight}">{words}</text>')


def bar(y, begin, end, kind, words="", opacity=1):
    width = round((end - begin) * SCALE - 1, 1)
    out.append(f'<rect class="{kind}" x="{x(begin)}" y="{y}" width="{width}" '
               f'height="16" rx="3" fill-opacity="{opacity}"/>')
    if words:
        text(x(max(begin, 0)) + 6, y + 12, words, "on", size=11)


def lane(y, name):
    text(LEFT - 40, y + 12, name, "grey", "end")


def line(second, top, bottom, kind, dash=""):
    dash = f' stroke-dasharray="{dash}"' if dash else ""
    out.append(f'<line class="{kind}" x1="{x(second)}" y1="{top}" '
               f'x2="{x(second)}" y2="{bottom}" stroke-width="1.5"{dash}/>')


def without(y):
    text(16, y, "Without: SIGTERM goes straight to the program",
         weight="bold", size=13)
    y += 14
    lane(y, "balancer")
    bar(y, -1.5, SENDS_S, "sends", "still sends")
    lane(y + LANE, "requests")
    bar(y + LANE, -1.5, 0.5, "asks")
    bar(y + LANE, 0.5, SENDS_S, "fails")
    text(x(SENDS_S) + 8, y + LANE + 12,
         "cut off or refused: 502 at every deploy", "kill")
    lane(y + 2 * LANE, "program")
    bar(y + 2 * LANE, -1.5, 0.5, "runs")
    text(x(0.5) + 8, y + 2 * LANE + 12, "ends at once")
    return y + 3 * LANE


def within(y):
    text(16, y, "With lastcall --delay 5s --drain auto", weight="bold",
         size=13)
    y += 14
    lane(y, "balancer")
    bar(y, -1.5, SENDS_S, "sends", "still sends")
    lane(y + LANE, "requests")
    bar(y + LANE, -1.5, ANSWERED_S, "asks", "all answered")
    lane(y + 2 * LANE, "program")
    quiet = ANSWERED_S + QUIET_S
    bar(y + 2 * LANE, -1.5, quiet, "runs", "keeps serving")
    bar(y + 2 * LANE, quiet, STOPPED_S, "runs", opacity=.6)
    text(x(STOPPED_S) + 8, y + 2 * LANE + 12,
         "gets SIGTERM once the port is quiet, and ends")
    top = y + 3 * LANE
    lane(top, "lastcall")
    bar(top, -1.5, 0, "waits")
    bar(top, 0, DELAY_S, "last", "delay")
    bar(top, DELAY_S, quiet, "last", "drain")
    bar(top, quiet, STOPPED_S, "last", opacity=.6)
    bar(top, STOPPED_S, GRACE_S, "rest")
    text(x(STOPPED_S) + 8, top + 12, "exits as soon as all have gone, "
         "at the latest after", "grey", size=11)
    text(x(GRACE_S) - 6, top + 12, f"{GRACE_S}s", "ink", "end", "bold", 11)
    return y + 4 * LANE


def axis(y, lanes):
    for second in range(0, PLATFORM_S + 1, 5):
        line(second, y, y + 5, "grey")
        text(x(second), y + 18, f"{second}s", "grey", "middle", size=11)
    for top, bottom in lanes:
        line(0, top - 6, bottom, "ink")
        line(PLATFORM_S, top - 6, bottom, "kill")
    line(GRACE_S, lanes[-1][0] - 6, lanes[-1][1], "ink", "4 3")
    text(x(0), TOP, "SIGTERM", "ink", "middle", "bold", 11)
    text(x(PLATFORM_S), TOP, "SIGKILL", "kill", "middle", "bold", 11)


TOP = 22
first = TOP + 24
first_end = without(first)
second = first_end + 30
body_end = within(second)
axis(body_end + 8, [(first + 14, first_end), (second + 14, body_end + 8)])
HEIGHT = body_end + 56
text(16, HEIGHT - 12, "Kubernetes' defaults; how long the balancer sends and "
     "requests take is an example.", "grey", size=11)

print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
      f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
      'font-family="Helvetica, Arial, sans-serif" role="img">')
print("<title>A stop request with and without lastcall</title>")
print(style())
for kind in ("page", "edge"):
    print(f'<rect class="{kind}" x="0.5" y="0.5" width="{WIDTH - 1}" '
          f'height="{HEIGHT - 1}" rx="8"/>')
print("\n".join(out))
print("</svg>")
