import Backbone
import Recipes
import Foundation

extension RunConfiguration {
    /// The same with D and V from the model's config.json, where the configuration does not name them and the model is
    /// at hand.
    var withSizesOfModel: RunConfiguration {
        var complete = self
        guard let path = model.folder, let found = try? ModelConfiguration(directory: folder(path)) else {
            return complete
        }
        complete.model.hiddenSize = model.hiddenSize ?? found.hiddenSize
        complete.model.vocabularySize = model.vocabularySize ?? found.vocabularySize
        return complete
    }
}
