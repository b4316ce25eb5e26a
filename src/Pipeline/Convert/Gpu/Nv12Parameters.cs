using System.Runtime.InteropServices;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>
/// The parameters of native/shaders/nv12.comp, field by field: push constants in Vulkan (which guarantees 128
/// bytes), a std140 block in GLES, whose uints lie just as close.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Nv12Parameters
{
    public const int SizeBytes = 22 * sizeof(uint);

    public uint Width;
    public uint Height;
    public uint PaddedWidth;
    public uint PaddedHeight;
    public uint SourceX;
    public uint SourceY;
    public uint SourceOffsetBytes;
    public uint SourceStrideBytes;
    public uint BottomUp;
    public PixelLayout Layout;
    public uint LumaOffsetWords;
    public uint LumaStrideWords;
    public uint ChromaOffsetWords;
    public uint ChromaStrideWords;
    public uint TileColumns;
    public uint ForceChanged;
}
