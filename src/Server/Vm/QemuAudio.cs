using System.Text.Json;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// Finds out of QEMU's command line which audio backend the D-Bus display has to be told of, and gives sound cards that
/// name none to one of our own: QEMU refuses to start with such a card, or plays it on this machine.
/// </summary>
internal static class QemuAudio
{
    private const string OwnBackend = "qzc-sound";

    /// <summary>At the rate of what is sent nothing has to be converted, and QEMU looks after it every 2 ms instead of every 10 (docs/sound.md).</summary>
    private const string OwnOptions = "timer-period=2000,out.frequency=48000,in.frequency=48000";

    private static readonly HashSet<string> s_cards = new(StringComparer.OrdinalIgnoreCase)
    {
        "AC97", "ES1370", "adlib", "cs4231a", "gus", "hda-duplex", "hda-micro", "hda-output", "sb16", "usb-audio", "virtio-sound", "virtio-sound-pci", "virtio-sound-device",
    };

    /// <summary>The command to start, and the name of the backend that its display is to have; null for a machine without sound.</summary>
    public static (IReadOnlyList<string> Command, string? Backend) Connect(IReadOnlyList<string> command)
    {
        var connected = new List<string>(command);
        bool namesBackend = false, hasCard = false;
        for (int i = 1; i + 1 < connected.Count; i++)
        {
            string option = connected[i].StartsWith("--", StringComparison.Ordinal) ? connected[i][1..] : connected[i];
            if (option is "-audiodev" or "-audio")
            {
                namesBackend = true;
                if (NameOfDBusBackend(connected[i + 1]) is { } name)
                    return (command, name);
            }
            else if (option == "-device" && IsUnconnectedCard(connected[i + 1]))
            {
                hasCard = true;
                connected[i + 1] += $",audiodev={OwnBackend}";
            }
        }

        if (namesBackend || !hasCard)
            return (command, null);
        connected.AddRange(["-audiodev", $"dbus,id={OwnBackend},{OwnOptions}"]);
        return (connected, OwnBackend);
    }

    private static bool IsUnconnectedCard(string device)
    {
        string[] parts = device.Split(',');
        string driver = parts[0].StartsWith("driver=", StringComparison.Ordinal) ? parts[0]["driver=".Length..] : parts[0];
        return s_cards.Contains(driver) && !parts.Any(part => part.StartsWith("audiodev=", StringComparison.Ordinal));
    }

    private static string? NameOfDBusBackend(string value)
    {
        // What -audio defines has this name unless it is given another.
        string id = "audiodev0";
        string? driver = null;
        if (value.StartsWith('{'))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(value);
                return document.RootElement.TryGetProperty("driver"u8, out JsonElement kind) && kind.ValueEquals("dbus"u8)
                    ? document.RootElement.TryGetProperty("id"u8, out JsonElement name) ? name.GetString() : id : null;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return null; // QEMU will say what is wrong with it
            }
        }

        foreach (string part in value.Split(','))
        {
            if (part.StartsWith("id=", StringComparison.Ordinal))
                id = part["id=".Length..];
            else if (part.StartsWith("driver=", StringComparison.Ordinal))
                driver = part["driver=".Length..];
            else if (driver is null && !part.Contains('=', StringComparison.Ordinal))
                driver = part;
        }

        return driver == "dbus" ? id : null;
    }
}
