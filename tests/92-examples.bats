#!/usr/bin/env bats
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
# examples/: every platform's file is what the platform's own checker takes,
# where one can be had, and its deadline is lastcall's.

BATS_TEST_TIMEOUT=120
load helpers
load containers

EXAMPLES=$BATS_TEST_DIRNAME/../examples

files() {
	find "$EXAMPLES" -type f ! -name '*.md' ! -name '*.c' | sort
}

@test "every platform's deadline is the one that lastcall plans with, and in the table" {
	requires python3-yaml
	local file count=0
	for file in $(files); do
		run /usr/bin/python3 "$TOP/tests/fixtures/platforms.py" \
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

@test "more than a platform takes is found" {
	requires python3-yaml
	sed 's/"60s"/"6m"/' "$EXAMPLES/fly/fly.toml" >"$RUN_TMP/bad.toml"
	sed 's/120/180/' "$EXAMPLES/ecs/task-definition.json" \
		>"$RUN_TMP/bad.json"
	local bad
	for bad in "$RUN_TMP"/bad.*; do
		run /usr/bin/python3 "$TOP/tests/fixtures/platforms.py" \
			"$LASTCALL" "$bad"
		assert_status 1
		assert_contains "$output" "takes" || return 1
	done
}

@test "a deadline that does not agree is found" {
	requires python3-yaml
	sed 's/terminationGracePeriodSeconds: 60/terminationGracePeriodSeconds: 50/' \
		"$EXAMPLES/kubernetes/deployment.yaml" >"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/fixtures/platforms.py" \
		"$LASTCALL" "$RUN_TMP/bad.yaml"
	assert_status 1
	assert_contains "$output" "the platform gives 50 s"
}

@test "Kubernetes: the objects are what the API's types take" {
	requires python3-yaml python3-kubernetes
	/usr/bin/python3 "$TOP/tests/fixtures/kubernetes_api.py" \
		"$EXAMPLES"/kubernetes/*.yaml
	sed 's/periodSeconds/periodseconds/' \
		"$EXAMPLES/kubernetes/deployment.yaml" >"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/fixtures/kubernetes_api.py" \
		"$RUN_TMP/bad.yaml"
	assert_status 1
}

@test "Cloud Run: the service's template is a pod's" {
	requires python3-yaml python3-kubernetes
	/usr/bin/python3 "$TOP/tests/fixtures/kubernetes_api.py" \
		"$EXAMPLES/cloud-run/service.yaml"
	sed 's/containerPort/port/' "$EXAMPLES/cloud-run/service.yaml" \
		>"$RUN_TMP/bad.yaml"
	run /usr/bin/python3 "$TOP/tests/fixtures/kubernetes_api.py" \
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

# As `podman kube play FILE` does, but without a bridge and its ports.
play() { # FILE POD CONTAINER LOG-FORMAT
	local container=$3 drained='event=drain-finished why=done'
	local exited='event=exited code=0 forced=0'
	if [ "$4" = json ]; then
		drained='"event":"drain-finished","why":"done"'
		exited='"event":"exited","code":0,"forced":0'
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
	in_podman exec "$container" /lastcall --probe ready \
		--http http://127.0.0.1:8080/
	in_podman stop --time 60 "$container" >/dev/null 2>&1
	in_podman logs "$container" >"$OUT" 2>&1
	assert_order "$OUT" "$drained" "$exited"
	in_podman kube down "$RUN_TMP/$1.yaml" >/dev/null 2>&1
}

@test "Compose: docker-compose takes the file" {
	requires docker-compose
	run docker-compose -f "$EXAMPLES/docker/compose.yaml" config
	assert_status 0
	assert_contains "$output" 'stop_grace_period: 30s'
}

@test "systemd: systemd-analyze has no complaint about the unit" {
	requires systemd-analyze
	# It wants the programs to be there.
	sed -e "s|/usr/local/bin/lastcall|$LASTCALL|" \
		"$EXAMPLES/systemd/web.service" >"$RUN_TMP/web.service"
	run systemd-analyze verify "$RUN_TMP/web.service"
	assert_status 0
	assert_equal "$output" ""
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
		"$EXAMPLES/podman/web.container" | grep -oE '^[A-Za-z]+'); do
		case $key in
		Image | Exec | Environment | PublishPort | PodmanArgs | \
			HealthCmd | HealthInterval | ReadOnly | \
			NoNewPrivileges | DropCapability | User | Volume) ;;
		*) fail "no such key: $key" || return 1 ;;
		esac
	done
}

@test "ECS: the task definition is what the API takes" {
	requires python3-botocore
	/usr/bin/python3 "$TOP/tests/fixtures/ecs.py" \
		"$EXAMPLES/ecs/task-definition.json"
	sed 's/stopTimeout/stoptimeout/' "$EXAMPLES/ecs/task-definition.json" \
		>"$RUN_TMP/bad.json"
	run /usr/bin/python3 "$TOP/tests/fixtures/ecs.py" "$RUN_TMP/bad.json"
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
