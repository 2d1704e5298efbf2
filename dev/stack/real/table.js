// Dynalite as a process: table.js PORT FOLDER [HOST]. It says on stdout where it listens, and SIGTERM ends it
// in order.
const dynalite = require('dynalite');

const [port, path, host = '127.0.0.1'] = process.argv.slice(2);
const server = dynalite({ path });
server.listen(Number(port), host, () => {
  console.log(`table ready on http://${host}:${server.address().port}`);
});
process.on('SIGTERM', () => server.close((error) => process.exit(error ? 1 : 0)));
