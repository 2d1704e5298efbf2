// Dynalite as a process of a stack: table.js PORT FOLDER. It says on stdout where it listens, and SIGTERM
// ends it in order.
const dynalite = require('dynalite');

const [port, path] = process.argv.slice(2);
const server = dynalite({ path });
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`table ready on http://127.0.0.1:${server.address().port}`);
});
process.on('SIGTERM', () => server.close((error) => process.exit(error ? 1 : 0)));
