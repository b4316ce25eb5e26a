// What a display's refresh rate is taken for, from the times between animation frames.
import { rateOf } from "../../src/Server/wwwroot/view/refresh.js";

const every = (ms, count = 40) => Array.from({ length: count }, () => ms);
console.log(rateOf(every(1000 / 60)), rateOf(every(1000 / 143.98)), rateOf(every(6.94)));
// Each third frame missed, the next one early.
console.log(rateOf([...every(8.33, 28), ...every(16.67, 6), ...every(4, 6)]));
console.log(rateOf(every(0.1)), rateOf(every(900)));
