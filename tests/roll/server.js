// A real server that does nothing about SIGTERM: `node server.js HOST PORT`.
// GET or POST /N answers after N milliseconds.
require('http').createServer((request, response) => {
	setTimeout(() => response.end('ok\n'), Number(request.url.slice(1)));
}).listen(Number(process.argv[3]), process.argv[2]);
