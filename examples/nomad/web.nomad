# Nomad takes the service out of its catalogue, waits shutdown_delay, sends
# INT (or kill_signal) and gives 5 s, or kill_timeout.  The client must allow
# as much: its max_kill_timeout is 30 s by default.
job "web" {
  datacenters = ["dc1"]
  type = "service"

  group "web" {
    count = 2

    network {
      port "http" {
        to = 8080
      }
    }

    service {
      name = "web"
      port = "http"

      check {
        type = "http"
        path = "/"
        interval = "10s"
        timeout = "2s"
      }
    }

    task "web" {
      driver = "docker"
      kill_timeout = "30s"
      kill_signal = "SIGTERM"
      shutdown_delay = "2s"

      config {
        image = "example.org/hello:1"
        command = "/lastcall"
        args = [
          "--platform-grace", "30s",
          "--drain", "auto",
          "--delay", "1s",
          "--", "/server",
        ]
        entrypoint = []
        ports = ["http"]
      }

      resources {
        cpu = 100
        memory = 64
      }
    }
  }
}
