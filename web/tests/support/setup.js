// Runs before all tests: starts one stack for all. The tests get its address and data folder from the environment.

import { nameWhatIsLeftOut } from "./engines/all.js";
import { startStack } from "./stack.js";

export default async function setup() {
  nameWhatIsLeftOut();
  const stack = await startStack();
  process.env.BARRAGE_URL = stack.url;
  process.env.BARRAGE_DATA = stack.data;
  return stack.stop;
}
