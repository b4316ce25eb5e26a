using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Terminals;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Vm.Drives;

namespace QemuZeroCopy.Server.Web;

/// <summary>What the server tells a page: JSON for what is rare and said in words, bytes for the cursor's pixels.</summary>
internal static class SessionMessages
{
    /// <summary>First byte of the binary message with a cursor: u16 width, height, hot x, hot y, then RGBA.</summary>
    public const byte CursorKind = 1;

    /// <summary>First byte of the answer to an Alive message: its four bytes follow.</summary>
    public const byte AliveKind = 2;

    private const int CursorHeaderBytes = 9;

    /// <summary>Tells this process from one that was here before: a page then knows that its media session is gone.</summary>
    private static readonly string s_server = Guid.NewGuid().ToString("N");

    public static void WriteHello(IBufferWriter<byte> output, string sessionId, int console, ClipboardDirections clipboard) => Write(output, "hello", json =>
    {
        json.WriteString("server"u8, s_server);
        json.WriteString("session"u8, sessionId);
        json.WriteNumber("console"u8, console);
        json.WriteBoolean("toGuest"u8, clipboard.HasFlag(ClipboardDirections.ToGuest));
        json.WriteBoolean("fromGuest"u8, clipboard.HasFlag(ClipboardDirections.FromGuest));
    });

    /// <summary>That the guest has copied something, which /clipboard hands out.</summary>
    public static void WriteClipboard(IBufferWriter<byte> output, GuestCopy copied) => Write(output, "clipboard", json =>
    {
        json.WriteNumber("version"u8, copied.Version);
        json.WriteString("mimeType"u8, copied.Content?.MimeType ?? "");
        json.WriteNumber("bytes"u8, copied.Content?.Data.Length ?? 0);
        json.WriteString("problem"u8, copied.Problem);
    });

    public static void WriteMachine(IBufferWriter<byte> output, MachineView view) => Write(output, "machine", json =>
    {
        json.WriteString("status"u8, view.Status switch
        {
            MachineStatus.Running => "running"u8,
            MachineStatus.Gone => "gone"u8,
            _ => "connecting"u8,
        });
        json.WriteString("detail"u8, view.Detail);
        json.WriteString("name"u8, view.Name);
        json.WriteBoolean("controllable"u8, view.Controllable);
        json.WriteBoolean("paused"u8, view.Paused);
        json.WriteBoolean("sound"u8, view.Sound.HasOutput);
        json.WriteBoolean("recording"u8, view.Sound.IsRecording);
        json.WriteStartArray("consoles"u8);
        foreach (GuestConsole console in view.Consoles.Where(c => c.State.IsPresent))
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, console.Index);
            json.WriteString("label"u8, console.State.Label);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("drives"u8);
        foreach (RemovableDrive drive in view.Drives)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, drive.Id);
            json.WriteString("label"u8, drive.Label);
            json.WriteString("medium"u8, drive.Medium);
            json.WriteBoolean("open"u8, drive.IsTrayOpen);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("files"u8);
        foreach (string file in view.Files)
            json.WriteStringValue(file);
        json.WriteEndArray();
        json.WriteStartArray("terminals"u8);
        foreach (GuestTerminal terminal in view.Terminals)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, terminal.Id);
            json.WriteString("label"u8, terminal.Label);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>What became of something that the page asked for, in words for the person.</summary>
    public static void WriteSay(IBufferWriter<byte> output, string text) => Write(output, "say", json => json.WriteString("text"u8, text));

    /// <summary>Who is there, <paramref name="own"/> being the page's own viewer, and whose microphone the guest hears: nobody's, this viewer's or another's.</summary>
    public static void WriteViewers(IBufferWriter<byte> output, ViewerInfo[] viewers, int own, ControlRule rule, bool? speaks) => Write(output, "viewers", json =>
    {
        json.WriteNumber("count"u8, viewers.Length);
        json.WriteBoolean("controls"u8, own >= 0 && viewers[own].Controls);
        json.WriteString("speaker"u8, speaks switch { null => "nobody"u8, true => "you"u8, false => "another"u8 });
        json.WriteString("rule"u8, rule switch
        {
            ControlRule.First => "first"u8,
            ControlRule.Last => "last"u8,
            ControlRule.Token => "token"u8,
            _ => "all"u8,
        });
        json.WriteStartArray("list"u8);
        for (int i = 0; i < Math.Min(viewers.Length, ViewerName.MaxListed); i++)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, viewers[i].Name);
            json.WriteBoolean("controls"u8, viewers[i].Controls);
            json.WriteBoolean("own"u8, i == own);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static void WriteConsole(IBufferWriter<byte> output, ConsoleState state) => Write(output, "console", json =>
    {
        json.WriteNumber("width"u8, state.Picture?.Width ?? 0);
        json.WriteNumber("height"u8, state.Picture?.Height ?? 0);
        json.WriteBoolean("present"u8, state.IsPresent);
        json.WriteBoolean("absolute"u8, state.IsAbsolute);
        json.WriteNumber("touch"u8, state.TouchSlots);
        json.WriteBoolean("caps"u8, state.Leds.HasFlag(KeyboardLeds.CapsLock));
        json.WriteBoolean("num"u8, state.Leds.HasFlag(KeyboardLeds.NumLock));
        json.WriteBoolean("scroll"u8, state.Leds.HasFlag(KeyboardLeds.ScrollLock));
        json.WriteString("problem"u8, state.Problem);
    });

    public static void WriteDrive(IBufferWriter<byte> output, DriveState state) => Write(output, "drive", json =>
    {
        json.WriteString("target"u8, state.Target);
        json.WriteBoolean("own"u8, state.IsOwn);
        json.WriteBoolean("mayBeOwn"u8, state.MayBeOwn);
        json.WriteStartArray("choices"u8);
        foreach (string name in state.Choices.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            json.WriteStringValue(name);
        json.WriteEndArray();
    });

    /// <summary>Which picture answers the input that the page marked, and the times on its way.</summary>
    public static void WriteAnswer(IBufferWriter<byte> output, InputAnswer answer) => Write(output, "answer", json =>
    {
        json.WriteNumber("stamp"u8, answer.Stamp);
        json.WriteNumber("picture"u8, answer.Picture);
        json.WriteNumber("heardUs"u8, answer.HeardNs / 1000);
        json.WriteNumber("damageUs"u8, answer.DamageNs / 1000);
    });

    public static void WritePointer(IBufferWriter<byte> output, PointerPosition pointer) => Write(output, "pointer", json =>
    {
        json.WriteNumber("x"u8, pointer.X);
        json.WriteNumber("y"u8, pointer.Y);
        json.WriteBoolean("visible"u8, pointer.IsVisible);
    });

    /// <summary>The cursor's pixels turned from BGRA to RGBA, with colours that alpha has not been multiplied into, as ImageData takes them.</summary>
    public static void WriteCursor(IBufferWriter<byte> output, CursorImage cursor)
    {
        ReadOnlySpan<byte> source = cursor.Pixels.Span[..(cursor.Size.Width * cursor.Size.Height * 4)];
        Span<byte> target = output.GetSpan(CursorHeaderBytes + source.Length);
        target[0] = CursorKind;
        BinaryPrimitives.WriteUInt16LittleEndian(target[1..], (ushort)cursor.Size.Width);
        BinaryPrimitives.WriteUInt16LittleEndian(target[3..], (ushort)cursor.Size.Height);
        BinaryPrimitives.WriteUInt16LittleEndian(target[5..], (ushort)cursor.HotX);
        BinaryPrimitives.WriteUInt16LittleEndian(target[7..], (ushort)cursor.HotY);
        Span<byte> pixels = target[CursorHeaderBytes..];
        bool premultiplied = IsPremultiplied(source);
        for (int i = 0; i < source.Length; i += 4)
        {
            byte alpha = source[i + 3];
            (pixels[i], pixels[i + 1], pixels[i + 2], pixels[i + 3]) = premultiplied && alpha is > 0 and < 255
                ? (Divided(source[i + 2], alpha), Divided(source[i + 1], alpha), Divided(source[i], alpha), alpha)
                : (source[i + 2], source[i + 1], source[i], alpha);
        }

        output.Advance(CursorHeaderBytes + source.Length);
    }

    /// <summary>
    /// QEMU passes on what the guest gave it, and does not say which of the two it is: Linux multiplies alpha in (DRM's
    /// ARGB8888), others do not. A colour brighter than its alpha cannot have been multiplied.
    /// </summary>
    private static bool IsPremultiplied(ReadOnlySpan<byte> bgra)
    {
        for (int i = 0; i < bgra.Length; i += 4)
        {
            if (Math.Max(bgra[i], Math.Max(bgra[i + 1], bgra[i + 2])) > bgra[i + 3])
                return false;
        }

        return true;
    }

    private static byte Divided(byte colour, byte alpha) => (byte)((colour * 255 + alpha / 2) / alpha);

    /// <summary>A JSON message of this type, its members written by <paramref name="body"/>.</summary>
    public static void Write(IBufferWriter<byte> output, string type, Action<Utf8JsonWriter> body)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        body(json);
        json.WriteEndObject();
    }
}
