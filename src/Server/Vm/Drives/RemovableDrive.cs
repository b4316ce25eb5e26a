using System.Text.Json;

namespace QemuZeroCopy.Server.Vm.Drives;

/// <summary>A drive whose medium can be changed while the machine runs, as query-block tells of it.</summary>
/// <param name="Id">Names it in QMP: a device's id or its place in QEMU's object tree.</param>
/// <param name="IsDevice">Whether <paramref name="Id"/> is that of the guest's device, and not of a -drive alone.</param>
/// <param name="Label">What a person knows it as.</param>
/// <param name="Medium">File name of the medium, without its folder; empty without one.</param>
/// <param name="IsTrayOpen">Whether the tray is out.</param>
internal sealed record RemovableDrive(string Id, bool IsDevice, string Label, string Medium, bool IsTrayOpen)
{
    /// <summary>More drives than any machine has.</summary>
    private const int DrivesAtMost = 32;

    /// <summary>The removable ones of query-block's answer; what is not as it should be is left out.</summary>
    public static RemovableDrive[] Read(JsonElement answer) => answer.ValueKind != JsonValueKind.Array ? [] :
        [.. answer.EnumerateArray().Where(block => block.ValueKind == JsonValueKind.Object && IsTrue(block, "removable"u8)).Select(From).OfType<RemovableDrive>().Take(DrivesAtMost)];

    private static RemovableDrive? From(JsonElement block)
    {
        string device = Text(block, "device"u8), qdev = Text(block, "qdev"u8);
        string id = qdev.Length > 0 ? qdev : device;
        if (id.Length == 0)
            return null;
        // A device that was given no id is called by its drive: "/machine/unattached/device[23]" tells nobody anything.
        string label = qdev.Length > 0 && qdev[0] != '/' ? qdev : device.Length > 0 ? device : qdev[(qdev.LastIndexOf('/') + 1)..];
        string file = block.TryGetProperty("inserted"u8, out JsonElement inserted) && inserted.ValueKind == JsonValueKind.Object ? Text(inserted, "file"u8) : "";
        return new RemovableDrive(id, qdev.Length > 0, label, Path.GetFileName(file), IsTrue(block, "tray_open"u8));
    }

    private static bool IsTrue(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static string Text(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
