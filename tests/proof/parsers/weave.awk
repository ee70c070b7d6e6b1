# weave.awk - sets contracts between the lines of a source file, which stays
# free of them: `awk -f weave.awk CONTRACTS SOURCE`.
#
# CONTRACTS begins with what goes before the source.  After a line "@@ TEXT"
# comes what goes before the next line of the source that begins with TEXT,
# blanks aside; the places are in the order of the source.  Nothing of the
# source is left out, and a place that is not found is an error.  All that is
# changed is text_add() with a literal: text_literal() asks nothing of one.

function trimmed(s) { sub(/^[ \t]+/, "", s); return s }
function place() { printf "# %d \"%s\"\n", FNR, FILENAME }

FNR == NR && /^@@ / { wanted[++places] = substr($0, 4); next }
FNR == NR && places { text[places] = text[places] $0 "\n"; next }
FNR == NR { print; next }
FNR == 1 { at = 1; place() }
at <= places && index(trimmed($0), wanted[at]) == 1 {
	printf "%s", text[at++]
	place()
}
/text_add\([^"]*"/ { sub(/text_add\(/, "text_literal(") }
{ print }
END {
	if (at <= places) {
		print "weave: no such line: " wanted[at] > "/dev/stderr"
		exit 1
	}
}
