using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Va;

/// <summary>One plane of an exported surface.</summary>
/// <param name="Fd">The dma-buf; one handle for both planes where both lie in it.</param>
/// <param name="OffsetBytes">Where the plane starts.</param>
/// <param name="PitchBytes">Distance between two rows.</param>
public readonly record struct VaPlane(SafeFileHandle Fd, uint OffsetBytes, uint PitchBytes);

/// <summary>An NV12 surface as vaExportSurfaceHandle describes it with separate layers (va_drmcommon.h). The taker owns the fds.</summary>
/// <param name="Luma">The R8 layer.</param>
/// <param name="Chroma">The GR88 layer.</param>
/// <param name="Modifier">DRM format modifier of both.</param>
public sealed record VaExportedSurface(VaPlane Luma, VaPlane Chroma, ulong Modifier)
{
    private const uint DrmFormatR8 = 0x20203852, DrmFormatGr88 = 0x38385247;

    /// <summary>Takes the fds of a descriptor; closes them all where it is not two layers of one plane each.</summary>
    internal static unsafe VaExportedSurface? Take(in VADRMPRIMESurfaceDescriptor descriptor, out string reason)
    {
        var objects = new SafeFileHandle?[4];
        int count = (int)Math.Min(descriptor.NumObjects, 4);
        for (int i = 0; i < count; i++)
            objects[i] = new SafeFileHandle(descriptor.Objects[i].Fd, ownsHandle: true);

        reason = Refuse(descriptor, count);
        if (reason.Length == 0)
        {
            VADRMPRIMESurfaceDescriptor.Layer luma = descriptor.Layers[0], chroma = descriptor.Layers[1];
            SafeFileHandle first = objects[luma.ObjectIndex[0]]!, second = objects[chroma.ObjectIndex[0]]!;
            return new VaExportedSurface(
                new VaPlane(first, luma.Offset[0], luma.Pitch[0]), new VaPlane(second, chroma.Offset[0], chroma.Pitch[0]),
                descriptor.Objects[(int)luma.ObjectIndex[0]].DrmFormatModifier);
        }

        foreach (SafeFileHandle? fd in objects)
            fd?.Dispose();
        return null;
    }

    private static unsafe string Refuse(in VADRMPRIMESurfaceDescriptor descriptor, int objects)
    {
        if (descriptor.NumLayers != 2 || objects is 0 or > 2)
            return $"the driver exports {descriptor.NumLayers} layers in {descriptor.NumObjects} buffers where NV12 has two";
        VADRMPRIMESurfaceDescriptor.Layer luma = descriptor.Layers[0], chroma = descriptor.Layers[1];
        if (luma.NumPlanes != 1 || chroma.NumPlanes != 1)
            return $"the driver exports {luma.NumPlanes} and {chroma.NumPlanes} planes to a layer: compressed surfaces cannot be written from outside";
        if (luma.DrmFormat != DrmFormatR8 || chroma.DrmFormat != DrmFormatGr88)
            return $"the driver exports the formats 0x{luma.DrmFormat:x8} and 0x{chroma.DrmFormat:x8}, not R8 and GR88";
        if (luma.ObjectIndex[0] >= objects || chroma.ObjectIndex[0] >= objects)
            return "the driver exports a layer in a buffer that it does not name";
        return descriptor.Objects[(int)luma.ObjectIndex[0]].DrmFormatModifier != descriptor.Objects[(int)chroma.ObjectIndex[0]].DrmFormatModifier
            ? "the driver exports the two planes with different modifiers"
            : "";
    }
}
