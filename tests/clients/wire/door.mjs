/** How to reach a server and make it answer: a Socket.IO server or a bare Engine.IO echo. */
class Door {
  constructor(url, path) {
    this.url = url;
    this.path = path;
  }

  address(query) {
    const parameters = Object.entries({ EIO: "4", ...query }).filter(([, value]) => value !== undefined);
    return `${this.url}${this.path}?${new URLSearchParams(parameters)}`;
  }
}

export class SocketIoDoor extends Door {
  hello = "40";
  welcome = [(packet) => packet.startsWith('40{"sid":"'), (packet) => packet.startsWith('42["auth",{}')];

  constructor(url) {
    super(url, "/socket.io/");
  }

  echo(text) {
    return { request: `421["message-with-ack","${text}"]`, answer: `431["${text}"]` };
  }

  binaryEcho(base64) {
    const placeholder = '{"_placeholder":true,"num":0}';
    return {
      request: [`451-1["message-with-ack",${placeholder}]`, `b${base64}`],
      answer: [`461-1[${placeholder}]`, `b${base64}`],
    };
  }
}

export class EngineDoor extends Door {
  constructor(url) {
    super(url, "/engine.io/");
  }

  echo(text) {
    return { request: `4${text}`, answer: `4${text}` };
  }

  binaryEcho(base64) {
    return { request: [`b${base64}`], answer: [`b${base64}`] };
  }
}
