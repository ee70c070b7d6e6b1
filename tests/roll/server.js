// A real server that does nothing about SIGTERM: `node server.js PORT`.
// GET /N answers after N milliseconds.
require('http').createServer((request, response) => {
	setTimeout(() => response.end('ok\n'), Number(request.url.slice(1)));
}).listen(Number(process.argv[2]), '127.0.0.1');
