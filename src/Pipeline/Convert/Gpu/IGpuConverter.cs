namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>A converter on a GPU, with the figures that the overlay, the bench and the tests look at.</summary>
public interface IGpuConverter : IFrameConverter
{
    /// <summary>How long the last scanout took to be found among the imports or to be imported, in ns of the CPU's clock.</summary>
    long LastImportNs { get; }

    /// <summary>Scanouts imported since the start; a known buffer costs none.</summary>
    long ImportsDone { get; }

    /// <summary>Imports of scanouts and targets alive now.</summary>
    int LiveImports { get; }

    /// <summary>Somebody else has written the pictures meanwhile: the next one is converted whole and counts as changed.</summary>
    void ForgetPrevious();
}
