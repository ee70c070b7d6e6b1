#!/usr/bin/env python3
"""Draws timeline.svg: one stop request, with and without lastcall.

    docs/timeline.py > docs/timeline.svg

The times are those of `lastcall --delay 5s --drain 8080` on Kubernetes'
defaults: 30 s from SIGTERM to SIGKILL, of which lastcall takes 27 s at most.
How long the balancer still sends and requests take is made up, and said so.
tests/91-readme.bats checks that the picture is what this script draws.
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

INK, GREY = "#1f2937", "#6b7280"
BLUE, GREEN, AMBER, RED = "#3b82f6", "#10b981", "#f59e0b", "#dc2626"

out = []


def x(second):
    return round(LEFT + second * SCALE, 1)


def text(at, y, words, color=INK, anchor="start", weight="normal", size=12):
    out.append(f'<text x="{at}" y="{y}" fill="{color}" font-size="{size}" '
               f'text-anchor="{anchor}" font-weight="{weight}">{words}</text>')


def bar(y, begin, end, color, words="", opacity=1.0):
    width = round((end - begin) * SCALE, 1)
    out.append(f'<rect x="{x(begin)}" y="{y}" width="{width}" height="16" '
               f'rx="3" fill="{color}" fill-opacity="{opacity}"/>')
    if words:
        text(x(max(begin, 0)) + 6, y + 12, words, "#ffffff", size=11)


def lane(y, name):
    text(LEFT - 40, y + 12, name, GREY, "end")


def line(second, top, bottom, color, dash=""):
    dash = f' stroke-dasharray="{dash}"' if dash else ""
    out.append(f'<line x1="{x(second)}" y1="{top}" x2="{x(second)}" '
               f'y2="{bottom}" stroke="{color}" stroke-width="1.5"{dash}/>')


def without(y):
    text(16, y, "SIGTERM goes straight to the program", weight="bold",
         size=13)
    y += 14
    lane(y, "balancer")
    bar(y, -1.5, SENDS_S, BLUE, "still sends")
    lane(y + LANE, "program")
    bar(y + LANE, -1.5, 0.5, GREEN)
    lane(y + 2 * LANE, "requests")
    bar(y + 2 * LANE, -1.5, 0.5, AMBER)
    bar(y + 2 * LANE, 0.5, SENDS_S, RED)
    text(x(SENDS_S) + 8, y + 2 * LANE + 12,
         "cut off or refused: 502 at every deploy", RED)
    return y + 3 * LANE


def within(y):
    text(16, y, "lastcall --delay 5s --drain 8080", weight="bold", size=13)
    y += 14
    lane(y, "balancer")
    bar(y, -1.5, SENDS_S, BLUE, "still sends")
    lane(y + LANE, "requests")
    bar(y + LANE, -1.5, ANSWERED_S, AMBER, "all answered")
    lane(y + 2 * LANE, "program")
    bar(y + 2 * LANE, -1.5, ANSWERED_S + QUIET_S, GREEN, "keeps serving")
    bar(y + 2 * LANE, ANSWERED_S + QUIET_S, STOPPED_S, GREEN, opacity=0.5)
    text(x(STOPPED_S) + 8, y + 2 * LANE + 12,
         "SIGTERM once the port is quiet; it ends, exit 0")
    lane(y + 3 * LANE, "lastcall")
    top = y + 3 * LANE
    bar(top, -1.5, 0, GREY)
    bar(top, 0, DELAY_S, INK, "delay")
    bar(top, DELAY_S, ANSWERED_S + QUIET_S, INK, "drain", 0.75)
    bar(top, ANSWERED_S + QUIET_S, STOPPED_S, INK, opacity=0.5)
    bar(top, STOPPED_S, GRACE_S, GREY, opacity=0.15)
    text(x(STOPPED_S) + 8, top + 12, "stop, sweep, exit: "
         "over as soon as it can be, never later than", GREY, size=11)
    text(x(GRACE_S) - 6, top + 12, "27s", INK, "end", "bold", 11)
    return y + 4 * LANE


def axis(y, lanes):
    for second in range(0, PLATFORM_S + 1, 5):
        line(second, y, y + 5, GREY)
        text(x(second), y + 18, f"{second}s", GREY, "middle", size=11)
    for top, bottom in lanes:
        line(0, top - 6, bottom, INK)
        line(PLATFORM_S, top - 6, bottom, RED)
    line(GRACE_S, lanes[-1][0] - 6, lanes[-1][1], INK, "4 3")
    text(x(0), TOP, "SIGTERM", INK, "middle", "bold", 11)
    text(x(PLATFORM_S), TOP, "SIGKILL", RED, "middle", "bold", 11)


TOP = 22
first = TOP + 24
first_end = without(first)
second = first_end + 30
body_end = within(second)
axis(body_end + 8, [(first + 14, first_end), (second + 14, body_end + 8)])
HEIGHT = body_end + 56
text(16, HEIGHT - 12, "Kubernetes' defaults; how long the balancer sends and "
     "requests take is an example.", GREY, size=11)

print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
      f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
      'font-family="Helvetica, Arial, sans-serif" role="img">')
print("<title>A stop request with and without lastcall</title>")
print(f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff" '
      'stroke="#d1d5db"/>')
print("\n".join(out))
print("</svg>")
