using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Web;

/// <summary>What a page asks for in words, beside its input: at most one of these is set.</summary>
/// <param name="Size">The mode that it would like the guest to take.</param>
/// <param name="Action">What the machine shall do: pause, resume, reset, power; look, to see whether the drives are as they were.</param>
internal readonly record struct SessionCommand(ConsoleUiInfo? Size, string? Action)
{
    /// <summary>Whether the overlay is open from now on.</summary>
    public bool? Statistics { get; init; }

    /// <summary>Mean time of the viewer's last frames from their first packet to the decoded picture, in ns.</summary>
    public long? ViewerNs { get; init; }

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
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("type"u8, out JsonElement type))
                return false;
            if (type.ValueEquals("machine"u8) && root.TryGetProperty("action"u8, out JsonElement action) && action.ValueKind == JsonValueKind.String)
            {
                command = new SessionCommand(null, action.GetString());
                return true;
            }

            if (type.ValueEquals("statistics"u8) && root.TryGetProperty("on"u8, out JsonElement on) && on.ValueKind is JsonValueKind.True or JsonValueKind.False)
            {
                command = new SessionCommand { Statistics = on.GetBoolean() };
                return true;
            }

            if (type.ValueEquals("seen"u8) && TryGet(root, "frameUs"u8, out int micros) && micros >= 0)
            {
                command = new SessionCommand { ViewerNs = micros * 1000L };
                return true;
            }

            if (type.ValueEquals("medium"u8) && TryGet(root, "drive"u8, out string? drive))
            {
                TryGet(root, "file"u8, out string? file);
                bool force = root.TryGetProperty("force"u8, out JsonElement forced) && forced.ValueKind == JsonValueKind.True;
                command = new SessionCommand { Medium = new MediumCommand(drive, file, force) };
                return true;
            }

            if (!type.ValueEquals("resize"u8) || !TryGet(root, "width"u8, out int width) || !TryGet(root, "height"u8, out int height) || !new PictureSize(width, height).IsValid)
                return false;
            TryGet(root, "widthMm"u8, out int widthMm);
            TryGet(root, "heightMm"u8, out int heightMm);
            command = new SessionCommand(new ConsoleUiInfo(Millimetres(widthMm), Millimetres(heightMm), 0, 0, width, height), null);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool TryGet(JsonElement root, ReadOnlySpan<byte> name, out int value)
    {
        value = 0;
        return root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }

    private static bool TryGet(JsonElement root, ReadOnlySpan<byte> name, [NotNullWhen(true)] out string? value)
    {
        value = root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        return value is not null;
    }

    /// <summary>A wall of screens has 10 m.</summary>
    private static ushort Millimetres(int value) => (ushort)Math.Clamp(value, 0, 10_000);
}
