using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>
/// The pictures that a VAAPI encoder reads: surfaces of FFmpeg's pool, each exported once and known by its
/// VASurfaceID, or one host picture that is uploaded to them.
/// </summary>
internal sealed unsafe class VaapiSurfaces : IDisposable
{
    /// <summary>One being written, one being encoded, one that the encoder refers to, and one on its way back.</summary>
    private const int PoolSize = 4;

    private readonly Dictionary<uint, DmaBufPicture> _exported = [];
    private readonly VaDisplay _device;
    private readonly PictureSize _size;
    private readonly HostPicture? _host;
    private readonly MediaFrame? _hostFrame;
    private MediaFrame _frame;
    private MediaFrame _next;
    private bool _isBound;
    private bool _isNextBound;
    private bool _isNoted;

    public VaapiSurfaces(VaapiSetup setup, PictureSize size)
    {
        _device = setup.Device;
        _size = size;
        AreExported = setup.ExportsSurfaces;
        Frames = new HardwareFrames(setup.Library, setup.Device.Handle, size.Width, size.Height, PoolSize);
        _frame = new MediaFrame(setup.Library);
        _next = new MediaFrame(setup.Library);
        if (!AreExported)
        {
            _host = new HostPicture(size);
            _hostFrame = new MediaFrame(setup.Library);
            _hostFrame.Describe(size.Width, size.Height, _host.Luma, _host.Chroma, _host.Stride);
        }
        else
        {
            ExportAll();
        }
    }

    public HardwareFrames Frames { get; }

    public bool AreExported { get; }

    /// <summary>The picture to write next. With exported surfaces it is bound to the frame from now on.</summary>
    public PictureTarget Acquire()
    {
        if (_host is not null)
            return _host;
        if (!_isBound)
            _isBound = TakeNext() || Frames.TryTake(_frame);
        // Without a free surface any known one serves: TryBind then refuses it.
        return _isBound && _exported.TryGetValue(_frame.VaSurface, out DmaBufPicture? picture) ? picture : _exported.Values.First();
    }

    /// <summary>
    /// The picture to write while <paramref name="picture"/> is encoded, of which all others lack <paramref name="changed"/>
    /// from now on. Null with host pictures, or when no surface is free.
    /// </summary>
    public PictureTarget? AcquireNext(PictureTarget picture, TileMap changed)
    {
        if (_host is not null || !_isBound)
            return null;
        Note(picture, changed);
        _isNextBound = _isNextBound || Frames.TryTake(_next);
        return _isNextBound ? _exported.GetValueOrDefault(_next.VaSurface) : null;
    }

    /// <summary>Binds the written picture for the encoder; notes what the other surfaces now lack.</summary>
    public bool TryBind(PictureTarget picture, TileMap changed, [NotNullWhen(true)] out MediaFrame? frame)
    {
        frame = _frame;
        if (_host is not null)
            return Frames.TryTake(_frame) && (_isBound = true) && _frame.TryUpload(_hostFrame!);
        if (!_isNoted)
            Note(picture, changed);
        _isNoted = false;
        return _isBound && ReferenceEquals(_exported.GetValueOrDefault(_frame.VaSurface), picture);
    }

    /// <summary>The encoder has its own reference now.</summary>
    public void Unbind()
    {
        _frame.Unbind();
        _isBound = false;
    }

    public void Dispose()
    {
        _frame.Dispose();
        _next.Dispose();
        _hostFrame?.Dispose();
        _host?.Dispose();
        foreach (DmaBufPicture picture in _exported.Values)
            picture.Dispose();
        Frames.Dispose();
    }

    // The frame that was written ahead becomes the one at hand.
    private bool TakeNext()
    {
        if (!_isNextBound)
            return false;
        (_frame, _next, _isNextBound) = (_next, _frame, false);
        return true;
    }

    private void Note(PictureTarget picture, TileMap changed)
    {
        foreach (DmaBufPicture other in _exported.Values)
        {
            if (!ReferenceEquals(other, picture))
                AddChanges(other.Stale, changed);
        }

        _isNoted = true;
    }

    private static void AddChanges(TileMap stale, TileMap changed)
    {
        int perTile = stale.TileSize / changed.TileSize;
        for (int row = 0; row < changed.Rows; row++)
        {
            ReadOnlySpan<ulong> words = changed.Words.Slice(row * changed.WordsPerRow, changed.WordsPerRow);
            for (int word = 0; word < words.Length; word++)
            {
                for (ulong bits = words[word]; bits != 0; bits &= bits - 1)
                    stale.Set((word * 64 + System.Numerics.BitOperations.TrailingZeroCount(bits)) / perTile, row / perTile);
            }
        }
    }

    /// <summary>All at once, so that a refusal shows at start and no frame waits for an export.</summary>
    private void ExportAll()
    {
        var held = new List<MediaFrame>(PoolSize);
        try
        {
            for (int i = 0; i < PoolSize; i++)
            {
                held.Add(new MediaFrame(Frames.Library));
                if (!Frames.TryTake(held[i]))
                    throw new EncoderSetupException($"The driver gives {i} of {PoolSize} surfaces of {_size}.");
                uint surface = held[i].VaSurface;
                if (!_device.TryExport(surface, out VaExportedSurface? exported, out string reason))
                    throw new EncoderSetupException($"The encoder's surfaces cannot be exported: {reason}.");
                _exported.Add(surface, new DmaBufPicture(_size, Plane(exported.Luma), Plane(exported.Chroma), exported.Modifier, surface));
            }
        }
        catch
        {
            foreach (DmaBufPicture picture in _exported.Values)
                picture.Dispose();
            _frame.Dispose();
            _next.Dispose();
            held.ForEach(static frame => frame.Dispose());
            held.Clear();
            Frames.Dispose();
            throw;
        }
        finally
        {
            held.ForEach(static frame => frame.Dispose());
        }
    }

    private static DmaBufPlane Plane(VaPlane plane) => new(plane.Fd, plane.OffsetBytes, plane.PitchBytes);
}
