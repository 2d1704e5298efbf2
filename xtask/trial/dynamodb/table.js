// Dynalite in the place of DynamoDB Local, with the arguments that docker-compose.yml gives that one.
const dynalite = require('dynalite');

const path = process.argv[process.argv.indexOf('-dbPath') + 1];
const server = dynalite({ path });
server.listen(8000);
process.on('SIGTERM', () => server.close((error) => process.exit(error ? 1 : 0)));
