#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# examples/: every platform's file is what the platform's own checker takes,
# where one can be had, and its deadline is lastcall's.

# bats file_tags=check
TEST_SECONDS=300
load helpers
load containers

EXAMPLES=$BATS_TEST_DIRNAME/../examples

files() {
	find "$EXAMPLES" -type f ! -name '*.md' ! -name '*.c' ! -name '*.socket' |
		sort
}

@test "every platform's deadline is the one that lastcall plans with, and in the table" {
	requires python3-yaml
	local file count=0
	for file in $(files); do
		run /usr/bin/python3 "$TOP/tests/documents/platforms.py" \
			"$LASTCALL" "$file"
		assert_status 0 || return 1
		assert_contains "$(grep -F "(${file#"$EXAMPLES"/})" \
			"$EXAMPLES/README.md")" "$output" || return 1
		count=$((count + 1))
	done
	assert_at_least "$count" 13
}

@test "every platform that has a file has a row where one chooses" {
	local folder
	for folder in "$EXAMPLES"/*/; do
		grep -q "^| \[.*/examples/$(basename "$folder")/" \
			"$TOP/docs/choosing.md" ||
			fail "not in choosing.md: $folder" || return 1
	done
}

@test "Dockerfile.example says what Docker gives, and is warned of nothing" {
	requires python3-yaml
	run /usr/bin/python3 "$TOP/tests/documents/platforms.py" \
		"$LASTCALL" "$TOP/Dockerfile.example"
	assert_status 0
	assert_equal "$output" "| 10s | 9s |"
}

@test "a grace in the image of an example, which beats the platform's, is found" {
	requires python3-yaml
	local file
	sed 's/LASTCALL_PLATFORM_GRACE=10s/LASTCALL_GRACE=8s/' \
		"$TOP/Dockerfile.example" >"$RUN_TMP/Dockerfile.example"
	for file in kubernetes/deployment.yaml docker/compose.yaml \
		podman/web.container ecs/task-definition.json fly/fly.toml \
		nomad/web.nomad; do
		IMAGES_FROM=$RUN_TMP run /usr/bin/python3 \
			"$TOP/tests/documents/platforms.py" \
			"$LASTCALL" "$EXAMPLES/$file"
		assert_status 1 || fail "$file" || return 1
		assert_contains "$output" "LASTCALL_GRACE is 8s" || return 1
	done
}

@test "more than a platform takes is found" {
	requires python3-yaml
	sed 's/"60s"/"6m"/' "$EXAMPLES/fly/fly.toml" >"$RUN_TMP/bad.toml"
	sed 's/120/180/' "$EXAMPLES/ecs/task-definition.json" \
		>"$RUN_TMP/bad.json"
	local bad
	for bad in "$RUN_TMP"/bad.*; do
		run /usr/bin/python3 "$TOP/tests/documents/platforms.py" \
			"$LASTCALL" "$bad"
		assert_status 1
		assert_contains "$output" "takes" || return 1
	done
}

@test "a deadline that does not agree is found" {
	requires python3-yaml
	sed 's/terminationGracePeriodSeconds: 60/terminationGracePeriodSeconds: 50/' \
		"$EXAMPLES/kubernetes/deployment.yaml" >"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/documents/platforms.py" \
		"$LASTCALL" "$RUN_TMP/bad.yaml"
	assert_status 1
	assert_contains "$output" "the platform gives 50 s"
}

@test "Kubernetes: the objects are what the API's types take" {
	requires python3-yaml python3-kubernetes
	/usr/bin/python3 "$TOP/tests/documents/kubernetes_api.py" \
		"$EXAMPLES"/kubernetes/*.yaml
	sed 's/periodSeconds/periodseconds/' \
		"$EXAMPLES/kubernetes/deployment.yaml" >"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/documents/kubernetes_api.py" \
		"$RUN_TMP/bad.yaml"
	assert_status 1
}

@test "Cloud Run: the service's template is a pod's" {
	requires python3-yaml python3-kubernetes
	/usr/bin/python3 "$TOP/tests/documents/kubernetes_api.py" \
		"$EXAMPLES/cloud-run/service.yaml"
	sed 's/containerPort/port/' "$EXAMPLES/cloud-run/service.yaml" \
		>"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/documents/kubernetes_api.py" \
		"$RUN_TMP/bad.yaml"
	assert_status 1
}

@test "Kubernetes: a sidecar and its program share the pod's period" {
	local file=$EXAMPLES/kubernetes/sidecar.yaml sum=0 grace
	for grace in $(tr -d ' \n' <"$file" | grep -oE -e '--grace(,|-)[0-9]+' |
		grep -oE '[0-9]+'); do
		sum=$((sum + grace))
	done
	assert_at_least "$sum" 50
	assert_at_most "$sum" 59
}

@test "Kubernetes: podman plays the Deployments, probes and stops them" {
	requires root podman runc python3-yaml musl-gcc
	podman_setup_file
	mkdir -p "$RUN_TMP/root/tmp"
	cp "$LASTCALL" "$RUN_TMP/root/lastcall"
	musl-gcc -Os -static -s -o "$RUN_TMP/root/server" \
		"$EXAMPLES/server.c"
	tar -C "$RUN_TMP/root" -c . >"$RUN_TMP/root.tar"
	local image
	for image in example.org/hello:{1,1-distroless}; do
		in_podman import -q -c 'ENTRYPOINT ["/lastcall", "--"]' \
			-c 'CMD ["/server"]' -c 'USER 65534' \
			"$RUN_TMP/root.tar" "$image"
	done
	play deployment web web-pod-0-web text
	play distroless api api-pod-0-api json
	podman_teardown_file
}

# Images without lastcall, and lastcall beside them.
images_without_lastcall() {
	podman_setup_file
	build_server
	mkdir -p "$RUN_TMP/web" "$RUN_TMP/copy/bin" "$RUN_TMP/alone"
	cp "$RUN_TMP/server" "$RUN_TMP/web/"
	cp "$(type -P busybox)" "$RUN_TMP/copy/bin/cp"
	cp "$LASTCALL" "$RUN_TMP/copy/lastcall"
	cp "$LASTCALL" "$RUN_TMP/alone/lastcall"
	tar -C "$RUN_TMP/web" -c . | in_podman import -q - example.org/web:1
	tar -C "$RUN_TMP/copy" -c . |
		in_podman import -q -c 'ENV PATH=/bin' - \
			example.org/busybox-with-lastcall:1
	tar -C "$RUN_TMP/alone" -c . |
		in_podman import -q - registry.example.org/lastcall:1
}

# The command of a container is listening; stops it, and looks at its log.
assert_serves_and_stops() { # CONTAINER
	wait_for 'in_podman logs "$1" 2>&1 | grep -q listening'
	in_podman exec "$1" /init/lastcall --probe ready --timeout 20s \
		--http http://127.0.0.1:8080/
	in_podman stop --time 60 "$1" >/dev/null 2>&1
	in_podman logs "$1" >"$OUT" 2>&1
	assert_order "$OUT" 'event=drain-finished why=done' \
		'event=exited code=0'
}

@test "Kubernetes: an init container brings lastcall into an image without it" {
	requires root podman runc busybox
	images_without_lastcall
	# podman 4.3 knows no emptyDir yet, and a named volume is as good.  It
	# cannot always remove an init container once it has ended.
	sed -e 's/emptyDir: {}/persistentVolumeClaim: {claimName: init}/' \
		-e 's/^metadata:/&\n  annotations: {io.podman.annotations.init.container.type: always}/' \
		"$EXAMPLES/kubernetes/unchanged-image.yaml" >"$RUN_TMP/pod.yaml"
	in_podman kube play --network none "$RUN_TMP/pod.yaml" \
		>"$OUT" 2>"$LOG" 3>&-
	assert_serves_and_stops unchanged-web
	# What it cannot remove goes with its storage.
	in_podman kube down "$RUN_TMP/pod.yaml" >/dev/null 2>&1 || true
	podman_teardown_file
}

@test "an image volume brings lastcall into an image without it" {
	requires root podman runc busybox
	images_without_lastcall
	in_podman run --detach --name mounted --network none \
		--mount type=image,source=registry.example.org/lastcall:1,destination=/init \
		--entrypoint '["/init/lastcall", "--platform-grace", "60s", "--delay", "1s", "--drain", "auto", "--", "/server"]' \
		example.org/web:1 >/dev/null
	assert_serves_and_stops mounted
	podman_teardown_file
}

@test "Podman: a container takes the socket that systemd's tool holds" {
	requires root podman runc systemd-socket-activate
	podman_setup_file
	build_server
	mkdir -p "$RUN_TMP/root"
	cp "$LASTCALL" "$RUN_TMP/root/lastcall"
	cp "$RUN_TMP/server" "$RUN_TMP/root/"
	tar -C "$RUN_TMP/root" -c . | in_podman import -q \
		-c 'ENTRYPOINT ["/lastcall", "--"]' -c 'CMD ["/server"]' \
		- example.org/hello:1
	local port=$((20000 + RANDOM % 10000)) arguments
	# What a Quadlet makes of the file.
	mapfile -t arguments < <(sed -nE '
		s/^PodmanArgs=//p; s/^Network=/--network=/p
		s/^ReadOnly=true/--read-only/p; s/^DropCapability=/--cap-drop=/p
		s/^NoNewPrivileges=true/--security-opt=no-new-privileges/p
		/^Environment=/ { s/^Environment=/--env=/; s/ /\n--env=/g; p; }' \
		"$EXAMPLES/podman/activated.container")
	podman_command
	env -u TEST_MARK systemd-socket-activate -l "127.0.0.1:$port" \
		-E CONTAINERS_CONF -E PATH "${PODMAN[@]}" run --name activated "${arguments[@]}" \
		example.org/hello:1 >"$OUT" 2>"$LOG" 3>&- &
	track $!
	wait_for '(: >/dev/tcp/127.0.0.1/$port) 2>/dev/null'
	exec 7<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET / HTTP/1.0\r\n\r\n' >&7
	assert_contains "$(cat <&7)" hello
	exec 7>&-
	in_podman stop --time 30 activated >/dev/null 2>&1
	wait_log 'event=exited code=0'
	assert_order "$LOG" event=drain-started event=drain-finished \
		event=stop-signal
	podman_teardown_file
}

# As `podman kube play FILE` does, but without a bridge and its ports.
play() { # FILE POD CONTAINER LOG-FORMAT
	local container=$3 drained='event=drain-finished why=done'
	local exited='event=exited code=0 forced=false'
	if [ "$4" = json ]; then
		drained='"event":"drain-finished","why":"done"'
		exited='"event":"exited","code":0,"forced":false'
	fi
	/usr/bin/python3 -c '
import sys, yaml
for d in yaml.safe_load_all(open(sys.argv[1])):
    if d["kind"] == "Deployment":
        d["spec"]["replicas"] = 1
        for c in d["spec"]["template"]["spec"]["containers"]:
            c.pop("ports", None)
        print(yaml.safe_dump(d))' \
		"$EXAMPLES/kubernetes/$1.yaml" >"$RUN_TMP/$1.yaml"
	# It has no systemd here to run the probes with, and says so.
	in_podman kube play --network none "$RUN_TMP/$1.yaml" \
		>"$OUT" 2>"$LOG" 3>&-
	wait_for 'in_podman logs "$container" 2>&1 | grep -q listening'
	in_podman exec "$container" /lastcall --probe ready --timeout 20s \
		--http http://127.0.0.1:8080/
	in_podman stop --time 60 "$container" >/dev/null 2>&1
	in_podman logs "$container" >"$OUT" 2>&1
	assert_order "$OUT" "$drained" "$exited"
	in_podman kube down "$RUN_TMP/$1.yaml" >/dev/null 2>&1 || true
}

@test "Compose: docker-compose takes the file" {
	requires docker-compose
	run docker-compose -f "$EXAMPLES/docker/compose.yaml" config
	assert_status 0
	assert_contains "$output" 'stop_grace_period: 30s'
}

@test "systemd: systemd-analyze has no complaint about the units" {
	requires systemd-analyze
	local unit
	for unit in "$EXAMPLES"/systemd/*; do
		# It wants the programs to be there.
		sed -e "s|/usr/local/bin/lastcall|$LASTCALL|" \
			"$unit" >"$RUN_TMP/${unit##*/}"
	done
	run systemd-analyze verify "$RUN_TMP"/*.service "$RUN_TMP"/*.socket
	assert_status 0
	# It reads this machine's units as well, which are others' matter.
	assert_equal "$(grep -vE '^/(usr/lib|lib|etc|run)/systemd/' \
		<<<"$output")" ""
}

teardown() {
	systemd_teardown
	common_teardown
}

# The examples' server, in $RUN_TMP/server.
build_server() {
	cc -Os -static -o "$RUN_TMP/server" "$EXAMPLES/server.c"
}

# A request in systemd's network.
get_from_systemd() { # PATH
	in_systemd bash -c '
		exec 5<>/dev/tcp/127.0.0.1/8080
		printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&5
		cat <&5' get "$1"
}

@test "systemd: a service is ready when the program behind lastcall says so" {
	requires root systemd
	build_server
	systemd_start "$EXAMPLES/systemd" "$LASTCALL" "$RUN_TMP/server" \
		-- notify.service
	in_systemd systemctl is-active --quiet notify.service
	assert_contains "$(get_from_systemd /)" hello
	in_systemd systemctl stop notify.service
	assert_equal "$(in_systemd systemctl show -P Result notify.service)" \
		success
	assert_order "$LOG" event=drain-started event=drain-finished \
		event=stop-signal 'event=exited code=0'
	systemd_teardown

	# And not without NotifyAccess=all, as the unit says.
	mkdir "$RUN_TMP/bad"
	cp "$EXAMPLES"/systemd/* "$RUN_TMP/bad/"
	sed -i 's/^NotifyAccess=all/TimeoutStartSec=2/' \
		"$RUN_TMP/bad/notify.service"
	systemd_start "$RUN_TMP/bad" "$LASTCALL" "$RUN_TMP/server" \
		-- notify.service
	wait_for '[ "$(in_systemd systemctl show -P Result notify.service)" = timeout ]'
}

@test "systemd: its default KillMode signals the program past lastcall" {
	requires root systemd
	build_server
	mkdir "$RUN_TMP/bad"
	cp "$EXAMPLES"/systemd/* "$RUN_TMP/bad/"
	sed -i '/^KillMode=/d' "$RUN_TMP/bad/notify.service"
	systemd_start "$RUN_TMP/bad" "$LASTCALL" "$RUN_TMP/server" \
		-- notify.service
	in_systemd systemctl stop notify.service
	# As the page on troubleshooting says: nothing was sent by lastcall.
	assert_order "$LOG" signal=TERM 'event=exited code=0'
	assert_not_contains "$(<"$LOG")" event=stop-signal
}

@test "systemd: a socket that it holds serves through lastcall, also past a stop" {
	requires root systemd
	build_server
	systemd_start "$EXAMPLES/systemd" "$LASTCALL" "$RUN_TMP/server" \
		-- activated.socket activated.service
	assert_contains "$(get_from_systemd /)" hello
	# A request in flight is answered, and one that comes meanwhile waits for
	# the next start.
	get_from_systemd /slow >"$RUN_TMP/slow" 3>&- &
	local slow=$!
	# The server has a process for it.
	wait_for '[ "$(in_systemd pgrep -xc server)" = 2 ]'
	in_systemd systemctl stop activated.service
	wait "$slow"
	assert_contains "$(<"$RUN_TMP/slow")" hello
	assert_order "$LOG" event=drain-started event=drain-finished \
		event=stop-signal 'event=exited code=0'
	assert_contains "$(get_from_systemd /)" hello
	in_systemd systemctl is-active --quiet activated.service
}

# Quadlet came with podman 4.4, Debian 12 has 4.3.  Where its generator is,
# it decides; else the keys are compared with those of its manual.
@test "Podman: the quadlet has keys that quadlets have" {
	local generator=/usr/lib/systemd/system-generators/podman-system-generator
	if [ -x "$generator" ]; then
		QUADLET_UNIT_DIRS=$EXAMPLES/podman "$generator" --dryrun
		return
	fi
	local key
	for key in $(sed -n '/^\[Container\]/,/^\[Service\]/p' \
		"$EXAMPLES"/podman/*.container | grep -oE '^[A-Za-z]+'); do
		case $key in
		Image | Exec | Environment | PublishPort | PodmanArgs | \
			HealthCmd | HealthInterval | ReadOnly | Network | \
			NoNewPrivileges | DropCapability | User | Volume) ;;
		*) fail "no such key: $key" || return 1 ;;
		esac
	done
}

@test "ECS: the task definition is what the API takes" {
	requires python3-botocore
	/usr/bin/python3 "$TOP/tests/documents/ecs.py" \
		"$EXAMPLES/ecs/task-definition.json"
	sed 's/stopTimeout/stoptimeout/' "$EXAMPLES/ecs/task-definition.json" \
		>"$RUN_TMP/bad.json"
	run /usr/bin/python3 "$TOP/tests/documents/ecs.py" "$RUN_TMP/bad.json"
	assert_status 1
}

@test "Nomad: the job is HCL with what a task has" {
	requires python3-hcl
	/usr/bin/python3 -c '
import hcl, sys
task = hcl.load(open(sys.argv[1]))["job"]["web"]["group"]["web"]["task"]["web"]
assert task["kill_timeout"] == "30s"
assert task["config"]["args"][-2:] == ["--", "/server"]' \
		"$EXAMPLES/nomad/web.nomad"
}
