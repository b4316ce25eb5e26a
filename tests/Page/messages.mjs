// Prints what the page's modules send, one message a line in hex; PageTests feeds it to the server's reader.
import { KeyAction, Motion, TouchPhase, aliveMessage, buttonMessage, keyMessage, releaseAllMessage, scrollMessage, touchMessage } from "../../src/Server/wwwroot/input/messages.js";

const motion = new Motion();
for (const message of [
  keyMessage(KeyAction.down, 3, "KeyQ", "é"),
  keyMessage(KeyAction.repeat, 3, "KeyQ", "é"),
  buttonMessage(4, true),
  motion.to(0, 0),
  motion.to(0.5, 1),
  motion.to(-3, 7),
  motion.by(2.5, -1),
  motion.by(0.5, -1000),
  scrollMessage(-120, 60),
  touchMessage(TouchPhase.begin, 3, 0.25, 0.5),
  aliveMessage(4000000000),
  releaseAllMessage(),
])
  console.log(Buffer.from(message).toString("hex"));
