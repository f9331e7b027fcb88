// `docs/native-protocol.md`, read for its examples and tables.

import { readFileSync } from "node:fs";

export const STANDARD = readFileSync(new URL("../../docs/native-protocol.md", import.meta.url), "utf8");

/** The fenced blocks whose info string begins with a word: the rest of it, and what is in them. */
export function blocks(word) {
    const parts = STANDARD.split("```").filter((_, at) => at % 2 === 1);
    const split = parts.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]);
    return split.filter(([info]) => info.startsWith(word)).map(([info, inside]) => [info.slice(word.length).trim(), inside]);
}

/** The bytes of each line, up to what is no byte. */
export function bytesOf(lines) {
    const bytes = lines.split("\n").flatMap((line) => {
        const words = line.split(" ");
        const end = words.findIndex((word) => !/^[0-9a-f]{2}$/.test(word));
        return words.slice(0, end < 0 ? words.length : end);
    });
    return Uint8Array.from(bytes, (byte) => parseInt(byte, 16));
}
