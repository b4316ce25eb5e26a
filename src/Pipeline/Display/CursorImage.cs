using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>The guest's pointer as CursorDefine gives it (ui/dbus-display1.xml). Immutable.</summary>
/// <param name="Size">1×1 to 512×512 pixels.</param>
/// <param name="HotX">The pixel that points, from the left; inside the image.</param>
/// <param name="HotY">The pixel that points, from the top; inside the image.</param>
/// <param name="Pixels">Four bytes each in the order B, G, R, A; rows without padding.</param>
public sealed record CursorImage(PictureSize Size, int HotX, int HotY, ReadOnlyMemory<byte> Pixels)
{
    /// <summary>The largest side taken from QEMU, in pixels; virtio-gpu has 64, vmsvga at most 256.</summary>
    public const int MaxDimension = 512;
}

/// <summary>Where the guest has its pointer.</summary>
/// <param name="X">Pixels from the left of the console.</param>
/// <param name="Y">Pixels from the top of the console.</param>
/// <param name="IsVisible">Whether the guest shows it.</param>
public readonly record struct PointerPosition(int X, int Y, bool IsVisible);
