using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using QemuZeroCopy.Layouts;

// Reads the layouts that layouts.list names out of xkeyboard-config (packages xkb-data, libxkbcommon0) and
// writes src/Server/wwwroot/input/layout-tables.js. docs/hacking.md shows the call.
string[] levels = ["", "S", "G", "GS"];
const int LeftShift = 42, RightAlt = 100;
if (args.Length != 1 || !Directory.Exists(Path.Combine(args[0], "src", "Server", "wwwroot")))
{
    Console.Error.WriteLine("usage: dotnet run --project tools/layouts -- REPOSITORY_ROOT");
    return 2;
}

// The keys that type something, by rows, with their Linux key codes.
(string Code, int Key)[] keys =
[
    .. Row(41, "Backquote"), .. Row(2, "Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal"), .. Row(124, "IntlYen"),
    .. Row(16, "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight"), .. Row(43, "Backslash"),
    .. Row(30, "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote"),
    .. Row(86, "IntlBackslash"), .. Row(44, "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash"), .. Row(89, "IntlRo"), .. Row(57, "Space"),
];

// Combining marks of the dead keys, by which Unicode takes an accented letter apart.
var marks = new Dictionary<string, char>
{
    ["dead_grave"] = '\u0300', ["dead_acute"] = '\u0301', ["dead_circumflex"] = '\u0302', ["dead_tilde"] = '\u0303', ["dead_macron"] = '\u0304',
    ["dead_breve"] = '\u0306', ["dead_abovedot"] = '\u0307', ["dead_diaeresis"] = '\u0308', ["dead_abovering"] = '\u030a',
    ["dead_doubleacute"] = '\u030b', ["dead_caron"] = '\u030c', ["dead_cedilla"] = '\u0327', ["dead_ogonek"] = '\u0328',
};

var json = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
var output = new StringBuilder("// Written by tools/layouts from xkeyboard-config: what each key makes, in the order of `keys`; a space for nothing.\n");
output.Append("// Levels: plain, Shift, AltGr, both. `dead` says which keys put a combining mark on the next letter.\n\n");
output.Append($"export const keys = {JsonSerializer.Serialize(string.Join(' ', keys.Select(k => k.Code)))}.split(\" \");\n\n");
output.Append("/** @type {Record<string, {name: string, levels: string[], dead: Record<string, string>}>} */\nexport const layouts = {\n");
foreach (string line in File.ReadLines(Path.Combine(args[0], "tools/layouts/layouts.list")).Where(l => l.Length > 0 && l[0] != '#'))
{
    string[] words = line.Split(' ', 2, StringSplitOptions.TrimEntries);
    using var keyboard = new XkbKeyboard(words[0]);
    var dead = new SortedDictionary<string, string>(StringComparer.Ordinal);
    var rows = levels.Select((level, i) => Level(keyboard, level, i, dead)).ToList();
    while (rows.Count > 1 && rows[^1].Length == 0)
        rows.RemoveAt(rows.Count - 1);
    output.Append($"  {JsonSerializer.Serialize(words[0])}: {{ name: {JsonSerializer.Serialize(words[1], json)}, dead: {JsonSerializer.Serialize(dead, json)}, levels: [\n");
    foreach (string row in rows)
        output.Append($"    {JsonSerializer.Serialize(row, json)},\n");
    output.Append("  ] },\n");
}

output.Append("};\n");
string target = Path.Combine(args[0], "src/Server/wwwroot/input/layout-tables.js");
File.WriteAllText(target, output.ToString());
Console.WriteLine(target);
return 0;

string Level(XkbKeyboard keyboard, string level, int index, SortedDictionary<string, string> dead)
{
    keyboard.Reset();
    if (level.Contains('S', StringComparison.Ordinal))
        keyboard.Set(LeftShift, down: true);
    if (level.Contains('G', StringComparison.Ordinal))
    {
        if (keyboard.Look(RightAlt).Name != "ISO_Level3_Shift")
            return "";
        keyboard.Set(RightAlt, down: true);
    }

    var row = new StringBuilder();
    foreach ((string code, int key) in keys)
    {
        (string name, int character) = keyboard.Look(key);
        if (marks.TryGetValue(name, out char mark))
            dead.TryAdd(mark.ToString(), index == 0 ? code : $"{level}+{code}");
        // Characters of more than one UTF-16 unit would shift what comes after them.
        bool plain = character is > ' ' and < 0xd800 and not 0x7f && !(character is >= 0x300 and < 0x370);
        row.Append(plain && !marks.ContainsKey(name) ? (char)character : ' ');
    }

    return row.ToString().TrimEnd();
}

static IEnumerable<(string Code, int Key)> Row(int first, string codes) => codes.Split(' ').Select((code, i) => (code, first + i));
