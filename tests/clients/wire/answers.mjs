import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { ownNamespace } from "../harness/world.mjs";
import { connected } from "./packets.mjs";
import { WireSocket } from "./web_socket.mjs";

/** A socket in a namespace; `say` and `hear` spare its prefix. */
class Member {
  static async join(door, namespace, room) {
    const socket = await WireSocket.open(door);
    socket.send(`40${namespace},`);
    await connected(socket, `40${namespace},`);
    const member = new Member(socket, namespace);
    member.say(`["join","${room}"]`, "99");
    await member.hear("43", "99[");
    return member;
  }

  constructor(socket, namespace) {
    Object.assign(this, { socket, namespace });
  }

  say(json, id = "", type = "42") {
    this.socket.send(`${type}${this.namespace},${id}${json}`);
  }

  async hear(type, beginning = "") {
    const head = `${type}${this.namespace},`;
    return (await this.socket.next((frame) => frame.startsWith(head + beginning))).slice(head.length);
  }

  /** The id of the next question, as the server numbers it. */
  async questioned() {
    const [, id, json] = /^(\d+)(\["question",.*)$/.exec(await this.hear("42", "")) ?? [];
    if (id === undefined) return this.questioned();
    return { id: Number(id), json };
  }

  answer(id, json) {
    this.say(json, id, "43");
  }

  fence() {
    this.say('["message-with-ack"]', "98");
    return this.hear("43", "98[]");
  }
}

async function scene(door, count) {
  const namespace = ownNamespace();
  return Promise.all(Array.from({ length: count }, () => Member.join(door, namespace, "r")));
}

/** What the server sends to a client that asks for an answer, and what it makes of the answers. */
export const answers = (door) => [
  check("questions: ids count up per namespace, over all its sockets", async () => {
    const [one, two] = await scene(door, 2);
    const [stranger] = await scene(door, 1);
    const ids = [];
    for (const member of [one, stranger, two, one]) {
      member.say('["ask-me","x"]', "5");
      const { id } = await member.questioned();
      member.answer(id, '["y"]');
      same(await member.hear("43", "5["), '5[{"ok":true,"reply":"y"}]', "the ack");
      if (member !== stranger) ids.push(id);
    }
    same(ids, [ids[0], ids[0] + 1, ids[0] + 2], "the ids");
  }),
  check("questions: all targets of one broadcast get the same id", async () => {
    const members = await scene(door, 3);
    members[0].say('["ask-room","r","x"]', "5");
    const questions = await Promise.all(members.map((member) => member.questioned()));
    same(questions, Array(3).fill({ id: questions[0].id, json: '["question","x"]' }), "the questions");
    for (const [i, member] of members.entries()) member.answer(questions[i].id, `[${i}]`);
    const { ok, replies } = JSON.parse((await members[0].hear("43", "5[")).slice(1))[0];
    same([ok, replies.sort()], [true, [0, 1, 2]], "the ack");
  }),
  check("questions: each socket answers once, and only the first answer counts", async () => {
    const [asker, other] = await scene(door, 2);
    asker.say('["ask-room","r","x"]', "5");
    const { id } = await asker.questioned();
    asker.answer(id, '["first"]');
    asker.answer(id, '["again"]');
    await asker.fence();
    other.answer((await other.questioned()).id, '["late"]');
    const { ok, replies } = JSON.parse((await asker.hear("43", "5[")).slice(1))[0];
    same([ok, replies.sort()], [true, ["first", "late"]], "the ack");
  }),
  check("questions: an answer of a socket that was not asked does not count", async () => {
    const [asker, forger] = await scene(door, 2);
    forger.say('["leave","r"]', "7");
    await forger.hear("43", "7[");
    asker.say('["ask-room","r","x"]', "5");
    const { id } = await asker.questioned();
    forger.answer(id, '["forged"]');
    await forger.fence();
    asker.answer(id, '["true"]');
    same(await asker.hear("43", "5["), '5[{"ok":true,"replies":["true"]}]', "the ack");
  }),
  check("questions: an answer that nobody asked for is ignored", async () => {
    const [member] = await scene(door, 1);
    for (const id of ["0", "12345", "9007199254740991"]) member.answer(id, "[1]");
    await member.fence();
  }),
  check("questions: an answer without arguments, and with several", async () => {
    const [member] = await scene(door, 1);
    for (const json of ["[]", "[1,2]"]) {
      member.say('["ask-me","x"]', "5");
      member.answer((await member.questioned()).id, json);
      const [{ ok }] = JSON.parse((await member.hear("43", "5[")).slice(1));
      holds(ok, `${json} is an answer`);
    }
  }),
];
