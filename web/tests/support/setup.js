// Before all tests: one stack for all of them. Its address and data folder reach the tests by the environment.

import { startStack } from "./stack.js";

export default async function setup() {
  const stack = await startStack();
  process.env.BARRAGE_URL = stack.url;
  process.env.BARRAGE_DATA = stack.data;
  return stack.stop;
}
