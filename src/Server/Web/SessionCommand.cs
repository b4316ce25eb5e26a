using System.Text.Json;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>What a page asks for in words, beside its input: one of these is set.</summary>
internal readonly record struct SessionCommand
{
    /// <summary>The mode that it would like the guest to take; 0×0 turns the screen off.</summary>
    public ConsoleUiInfo? Size { get; private init; }

    /// <summary>What the machine shall do: pause, resume, reset, power; look, to see whether the drives are as they were.</summary>
    public string? Action { get; private init; }

    /// <summary>What the viewer wants to be called.</summary>
    public string? Name { get; private init; }

    /// <summary>Whether the viewer asks to drive.</summary>
    public bool TakesControl { get; private init; }

    /// <summary>Whether the overlay is open from now on.</summary>
    public bool? Statistics { get; private init; }

    /// <summary>What the page says of a picture that it has shown.</summary>
    public Sighting? Seen { get; private init; }

    /// <summary>How many pictures a second the viewer's display shows.</summary>
    public int? FramesPerSecond { get; private init; }

    /// <summary>By how much longer the browser holds sound than it aims to, in ms; less than nothing where it is short of it.</summary>
    public int? SpareSoundMs { get; private init; }

    /// <summary>What shall become of a drive.</summary>
    public MediumCommand? Medium { get; init; }

    /// <summary>Reads one message; false for anything that is no command.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out SessionCommand command)
    {
        command = default;
        try
        {
            var reader = new Utf8JsonReader(message);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("type"u8, out JsonElement type) || type.ValueKind != JsonValueKind.String)
                return false;
            switch (type.GetString())
            {
                case "machine":
                    command = new SessionCommand { Action = Text(root, "action"u8) };
                    return command.Action is not null;
                case "name":
                    command = new SessionCommand { Name = Text(root, "name"u8) };
                    return command.Name is not null;
                case "control":
                    command = new SessionCommand { TakesControl = true };
                    return true;
                case "statistics":
                    command = new SessionCommand { Statistics = root.TryGetProperty("on"u8, out JsonElement on) && on.ValueKind is JsonValueKind.True or JsonValueKind.False ? on.GetBoolean() : null };
                    return command.Statistics is not null;
                case "seen":
                    return TryReadSighting(root, out command);
                case "pace":
                    command = new SessionCommand { FramesPerSecond = TryGet(root, "fps"u8, out int rate) && rate > 0 ? rate : null };
                    return command.FramesPerSecond is not null;
                case "sound":
                    command = new SessionCommand { SpareSoundMs = TryGet(root, "spareMs"u8, out int spare) ? spare : null };
                    return command.SpareSoundMs is not null;
                case "medium":
                    string? drive = Text(root, "drive"u8);
                    bool force = root.TryGetProperty("force"u8, out JsonElement forced) && forced.ValueKind == JsonValueKind.True;
                    command = new SessionCommand { Medium = drive is null ? null : new MediumCommand(drive, Text(root, "file"u8), force) };
                    return drive is not null;
                case "resize":
                    return TryReadSize(root, out command);
                default:
                    return false;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool TryReadSize(JsonElement root, out SessionCommand command)
    {
        command = default;
        if (!TryGet(root, "width"u8, out int width) || !TryGet(root, "height"u8, out int height) || !((width, height) == (0, 0) || new PictureSize(width, height).IsValid))
            return false;
        TryGet(root, "widthMm"u8, out int widthMm);
        TryGet(root, "heightMm"u8, out int heightMm);
        command = new SessionCommand { Size = new ConsoleUiInfo(Millimetres(widthMm), Millimetres(heightMm), 0, 0, width, height) };
        return true;
    }

    private static bool TryReadSighting(JsonElement root, out SessionCommand command)
    {
        command = default;
        if (!root.TryGetProperty("picture"u8, out JsonElement name) || name.ValueKind != JsonValueKind.Number || !name.TryGetUInt32(out uint picture)
            || !root.TryGetProperty("receivedUs"u8, out JsonElement received) || received.ValueKind != JsonValueKind.Number || !received.TryGetInt64(out long receivedUs)
            || !TryGet(root, "decodeUs"u8, out int decodeUs) || !TryGet(root, "showUs"u8, out int showUs))
            return false;
        command = new SessionCommand { Seen = new Sighting(picture, receivedUs, decodeUs, showUs) };
        return true;
    }

    private static string? Text(JsonElement root, ReadOnlySpan<byte> name) =>
        root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    private static bool TryGet(JsonElement root, ReadOnlySpan<byte> name, out int value)
    {
        value = 0;
        return root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }

    /// <summary>A wall of screens has 10 m.</summary>
    private static ushort Millimetres(int value) => (ushort)Math.Clamp(value, 0, 10_000);
}
