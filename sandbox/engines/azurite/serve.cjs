// Azurite's blob server on a unix socket: every account name works, with one key of the sandbox.
//
// The sandbox has checked who asks and what for before a request comes here, so that accounts need
// not be known in advance, and a copy need not ask its source again, least of all over a network.
// The server ends when its standard input does: with the sandbox, however that ends.
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");

const [modules, socket, folder] = process.argv.slice(2);
const key = Buffer.from(process.env.AZURITE_KEY, "base64");
const need = createRequire(path.join(modules, "azurite", "package.json"));
const load = (name) => need(`./dist/src/blob/${name}.js`).default;

const BlobConfiguration = load("BlobConfiguration");
const BlobServer = load("BlobServer");
load("handlers/BlobHandler").prototype.validateCopySource = async () => {};

const store = [
  { locationId: "Default", locationPath: path.join(folder, "content"), maxConcurrency: 50 },
];
const [metadata, extents] = ["blobs.json", "extents.json"].map((name) => path.join(folder, name));
const KEEP_ALIVE = 120; // Seconds; longer than the sandbox keeps a connection.
const [LOOSE, ANY_VERSION] = [false, true];
const server = new BlobServer(
  new BlobConfiguration(
    "", socket, KEEP_ALIVE, metadata, extents, store,
    false, undefined, false, undefined, LOOSE, ANY_VERSION,
  ),
);
server.accountDataStore.getAccount = (name) => ({ name, key1: key });

let closing = false;
async function close() {
  if (closing) return;
  closing = true;
  await server.close();
  process.exit(0);
}

server.start().then(
  () => {
    process.stdin.resume().once("close", close);
    process.once("SIGTERM", close);
    process.on("SIGINT", () => {}); // Ctrl-C is for the sandbox, which ends this in its turn.
    console.log("ready");
  },
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
