// The list of one's own messages: each with its state in words, a shape or a mark, and, where it helps, a button.

import { translations } from "../translations.js";
import { shapeNode, textNode } from "../wall/bullet.js";
import { styleOf } from "../wall/palette.js";
import { isTouched } from "./keyboard.js";
import { texts } from "./texts.js";

/** The mark of each state. A message that a processor has, and one that is being sent, has none. */
const MARKS = {
  waiting: "waiting",
  kept: "kept",
  held: "kept",
  folded: "plus",
  blocked: "minus",
  gone: "minus",
  unknown: "minus",
  expired: "bad",
  refused: "bad",
  failed: "bad",
  unsure: "ask",
  unsent: "ask",
};
/** The button of a message that did not go, or of which that is not known. */
const BUTTONS = { failed: texts.again, unsure: texts.again, unsent: texts.sendNow, refused: texts.edit };

/** Draws into `root`. `onPress(entry)` is called by the button of a message that was not sent. */
export class OwnList {
  #rows = new Map();

  constructor(root, onPress) {
    this.root = root;
    this.onPress = onPress;
  }

  /** `facts` are those of this moment: `wait` in seconds, `left` of the time in Kafka. Returns the state in words. */
  draw(entries, entry, facts) {
    const row = this.#rows.get(entry) ?? this.#make(entry);
    const said = describe(entry, facts);
    const drawn = JSON.stringify([entry.state, entry.slot, said]);
    if (row.drawn !== drawn) {
      row.drawn = drawn;
      this.#fill(row, entry, said);
    }
    for (const [other, { node }] of this.#rows) {
      if (entries.includes(other)) continue;
      node.remove();
      this.#rows.delete(other);
    }
    return said;
  }

  #make(entry) {
    const node = document.createElement("li");
    const text = document.createElement("b");
    text.append(textNode(entry.text));
    const row = { node, text, says: document.createElement("p") };
    this.#rows.set(entry, row);
    this.root.append(node);
    return row;
  }

  #fill({ node, text, says }, entry, said) {
    const mark = MARKS[entry.state];
    const hasShape = !mark && entry.slot > 0;
    node.className = hasShape ? `slot-${styleOf(entry.slot)}` : "";
    node.classList.toggle("now", entry.state === "now");
    node.classList.toggle("bad", mark === "bad");
    says.textContent = said;
    const parts = [hasShape ? shapeNode(entry.slot) : markNode(mark), text, says];
    const hadFocus = node.contains(document.activeElement);
    node.replaceChildren(...parts, ...(BUTTONS[entry.state] ? [this.#button(entry)] : []));
    if (hadFocus) this.#takeFocus();
  }

  /** The button that had it has gone. On a phone, the field would call the keyboard up. */
  #takeFocus() {
    const next = isTouched() ? this.root.parentElement : document.getElementById("message");
    next.focus({ preventScroll: true });
  }

  #button(entry) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = BUTTONS[entry.state];
    button.setAttribute("aria-label", `${button.textContent}: ${entry.text}`);
    button.addEventListener("click", () => this.onPress(entry));
    return button;
  }
}

function describe(entry, { wait, left }) {
  return texts.states[entry.state]({ ...entry, wait, left: left && texts.left(left), reason: reasonOf(entry) });
}

const { busyLong, kafkaLong, network } = texts.notes;
const WHY = { pause: busyLong, busy: busyLong, kafka: kafkaLong, intercepted: network };

/** Why it was not taken. */
function reasonOf({ state, why, status, detail }) {
  if (state === "failed") return WHY[why];
  return detail ? translations.serverError({ detail }) : texts.notes.refused(status);
}

function markNode(name = "") {
  const mark = document.createElement("i");
  mark.className = `mark ${name}`;
  return mark;
}
