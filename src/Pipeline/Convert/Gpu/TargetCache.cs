namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>The imports of an encoder's pictures, by object: an encoder has a few, and keeps them. None outlives its picture.</summary>
internal sealed class TargetCache<T> : IDisposable
    where T : class, IDisposable
{
    // FFmpeg's VAAPI pools hold up to 16 reference and 4 working surfaces.
    public const int Capacity = 20;

    private readonly List<Entry> _known = new(Capacity);
    private long _frame;

    public T? Find(PictureTarget picture)
    {
        _frame++;
        foreach (Entry known in _known)
        {
            if (ReferenceEquals(known.Picture, picture))
            {
                known.LastUse = _frame;
                return known.Import;
            }
        }

        return null;
    }

    /// <summary>
    /// Takes the import over, until the picture is freed. A picture of another size or kind means another encoder: the
    /// old one's are let go.
    /// </summary>
    public void Add(PictureTarget picture, T import)
    {
        Entry? oldest = null;
        for (int i = _known.Count - 1; i >= 0; i--)
        {
            if (_known[i].Picture.Size != picture.Size || picture is HostPicture || _known[i].Picture is HostPicture)
                Drop(_known[i]);
            else if (oldest is null || _known[i].LastUse < oldest.LastUse)
                oldest = _known[i];
        }

        if (_known.Count == Capacity && oldest is not null)
            Drop(oldest);
        _known.Add(new Entry(picture, import) { LastUse = _frame });
        picture.Freeing += OnFreeing;
    }

    public void Dispose()
    {
        while (_known.Count > 0)
            Drop(_known[^1]);
    }

    private void OnFreeing(PictureTarget picture)
    {
        if (_known.Find(known => ReferenceEquals(known.Picture, picture)) is { } entry)
            Drop(entry);
    }

    private void Drop(Entry entry)
    {
        entry.Picture.Freeing -= OnFreeing;
        entry.Import.Dispose();
        _known.Remove(entry);
    }

    private sealed class Entry(PictureTarget picture, T import)
    {
        public PictureTarget Picture { get; } = picture;

        public T Import { get; } = import;

        public long LastUse { get; set; }
    }
}
